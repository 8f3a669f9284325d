//! `wgvae presets`, and what `wgvae train --preset NAME` stands for.

use super::{options::nearest, print::result};
use crate::{Error, Result, model::Kind};
use std::ffi::OsString;

/// Options of `train` under a name. What stands on the command line beside it counts more.
pub struct Preset {
    pub name: &'static str,
    /// The model it is of.
    pub kind: Kind,
    /// As they would be typed.
    pub options: &'static str,
    /// What it is for.
    what: &'static str,
    /// What it reaches on MNIST, and how that was measured.
    reaches: &'static str,
}

/// 784-200-200-50, the smaller net of Burda, Grosse and Salakhutdinov (2016), and a training of twenty epochs.
macro_rules! ladder {
    ($($more:literal)?) => {
        concat!(
            "--hidden 200,200 --latent 50 --bottleneck direct --likelihood bernoulli --binarize access --init-scheme glorot \
             --batch 100 --epochs 20 --schedule cosine --lr 2e-3 --lr-end 2e-5",
            $(" ", $more)?
        )
    };
}

/// The same net by the authors' own recipe.
macro_rules! burda {
    ($($more:literal)?) => {
        concat!(
            "--hidden 200,200 --latent 50 --bottleneck direct --activation tanh --likelihood bernoulli --binarize access \
             --init-scheme glorot --batch 20 --schedule stages --lr 1e-3 --epsilon 1e-4",
            $(" ", $more)?
        )
    };
}

/// Every preset.
pub const ALL: [Preset; 14] = [
    Preset {
        name: "article-ae",
        kind: Kind::Ae,
        options: "--latent 8",
        what: "the article's autoencoder",
        reaches: "squared error 15.9 and 17.9 (seeds 0 and 1)",
    },
    Preset {
        name: "article-ae-32",
        kind: Kind::Ae,
        options: "--latent 32",
        what: "the same with 32 code units",
        reaches: "squared error 7.2 and 8.3 (seeds 0 and 1)",
    },
    Preset {
        name: "article-vae",
        kind: Kind::Vae,
        options: "--loss mse --beta 3",
        what: "the article's VAE",
        reaches: "squared error 33.0 and 36.4, KL 3.7 and 2.9 (seeds 0 and 1)",
    },
    Preset {
        name: "article-vae-bce",
        kind: Kind::Vae,
        options: "--loss bce",
        what: "the same with binary cross-entropy",
        reaches: "BCE 115.2 and 123.6, KL 11.2 and 9.3 (seeds 0 and 1)",
    },
    Preset {
        name: "article-cvae",
        kind: Kind::Cvae,
        options: "--loss mse --beta 3",
        what: "the article's conditional VAE",
        reaches: "squared error 31.1 and 31.4, KL 2.0 and 1.8, label accuracy of samples 0.975 and 0.994 (seeds 0 and 1)",
    },
    Preset {
        name: "article-cvae-bce",
        kind: Kind::Cvae,
        options: "--loss bce",
        what: "the same with binary cross-entropy; overrules its labels",
        reaches: "BCE 172.8, the posterior collapsed, and 116.4 with a label accuracy of samples of 0.667 (seeds 0 and 1)",
    },
    Preset {
        name: "ladder-vae",
        kind: Kind::Vae,
        options: ladder!(),
        what: "a likelihood in minutes: 784-200-200-50",
        reaches: "NLL 95.42 and 96.44 (K = 500, 10,000 test images), 12 and 18 of 50 units active (seeds 0 and 1)",
    },
    Preset {
        name: "ladder-vae-warm-up",
        kind: Kind::Vae,
        options: ladder!("--warm-up 10"),
        what: "the same, the weight of KL rising over ten epochs",
        reaches: "NLL 93.70, 93.47 and 93.64 (K = 500, 10,000 test images), 32 to 36 of 50 units active (seeds 0, 1 and 2)",
    },
    Preset {
        name: "ladder-iwae-5",
        kind: Kind::Vae,
        options: ladder!("--objective iwae --samples 5"),
        what: "importance-weighted by five samples",
        reaches: "NLL 92.73, 92.60 and 92.57 (K = 500, 10,000 test images), 28 to 34 of 50 units active (seeds 0, 1 and 2)",
    },
    Preset {
        name: "ladder-dreg-5",
        kind: Kind::Vae,
        options: ladder!("--objective dreg --samples 5"),
        what: "the same with doubly reparameterized gradients",
        reaches: "NLL 91.55, 92.01 and 91.78 (K = 500, 10,000 test images), 17 to 31 of 50 units active (seeds 0, 1 and 2)",
    },
    Preset {
        name: "burda-vae",
        kind: Kind::Vae,
        options: burda!(),
        what: "the recipe of Burda et al., 3,280 epochs in resumable stages",
        reaches: "not measured: 3,280 epochs want a GPU",
    },
    Preset {
        name: "burda-iwae-50",
        kind: Kind::Vae,
        options: burda!("--objective iwae --samples 50"),
        what: "the same, importance-weighted by fifty samples",
        reaches: "not measured: 3,280 epochs want a GPU",
    },
    Preset {
        name: "digits",
        kind: Kind::Vae,
        options: "--hidden 512,256 --latent 16 --bottleneck direct --likelihood bernoulli --init-scheme glorot --batch 100 \
                  --epochs 20 --warm-up 5 --schedule cosine --lr 2e-3 --lr-end 2e-5",
        what: "what we recommend for pictures of digits",
        reaches: "BCE 75.6 and 75.7, KL 23.0 and 23.1, 16 of 16 units active (seeds 0 and 1)",
    },
    Preset {
        name: "plane",
        kind: Kind::Vae,
        options: "--hidden 512,256 --latent 2 --bottleneck direct --likelihood bernoulli --init-scheme glorot --batch 100 \
                  --epochs 20 --schedule cosine --lr 2e-3 --lr-end 2e-5",
        what: "two latents that manifold and scatter show whole",
        reaches: "BCE 133.2 and 134.3, KL 6.7 and 6.6, both units active (seeds 0 and 1)",
    },
];

/// The preset of this name.
///
/// # Errors
/// [`Error::Invalid`] where there is none.
pub fn named(name: &str) -> Result<&'static Preset> {
    ALL.iter().find(|preset| preset.name == name).ok_or_else(|| {
        let names = ALL.iter().map(|preset| preset.name);
        let known = names.clone().collect::<Vec<_>>().join(", ");
        Error::invalid("--preset", format!("is {name:?}, expected one of {known}{}", nearest(name, names)))
    })
}

/// Options of a preset or a file that go when another is typed, beside those that are typed themselves.
pub const REPLACED: [(&str, &str); 3] =
    [("--likelihood", "--loss"), ("--loss", "--likelihood"), ("--lr-end", "--schedule")];

/// The command line with the options of the preset that it names, but for those that are typed.
pub fn expanded(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let is_train = arguments.get(1).is_some_and(|command| command == "train");
    let typed: Vec<String> = arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let is_typed = |option: &str| {
        typed
            .iter()
            .any(|typed| typed.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('=')))
    };
    let named = typed.iter().enumerate().find_map(|(i, argument)| match argument.strip_prefix("--preset=") {
        None if argument == "--preset" => typed.get(i + 1).map(String::as_str),
        name => name,
    });
    let preset = named.filter(|_| is_train).and_then(|name| ALL.iter().find(|preset| preset.name == name));
    if let Some(preset) = preset {
        let words: Vec<&str> = preset.options.split_whitespace().collect();
        let left = words.chunks(2).filter(|pair| {
            let replaced = REPLACED.iter().any(|&(option, by)| option == pair[0] && is_typed(by));
            !is_typed(pair[0]) && !replaced
        });
        arguments.extend(left.flatten().map(OsString::from));
    }
    arguments
}

#[derive(clap::Args)]
pub struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: Arguments) -> Result<()> {
    if arguments.json {
        let rows: Vec<_> = ALL
            .iter()
            .map(|preset| {
                serde_json::json!({
                    "name": preset.name,
                    "model": preset.kind.name(),
                    "options": preset.options,
                    "what": preset.what,
                    "reaches": preset.reaches,
                })
            })
            .collect();
        return super::print_json(&rows);
    }
    result!("wgvae train MODEL --preset NAME sets these options; what is typed beside it counts more.")?;
    for Preset { name, kind, options, what, reaches } in &ALL {
        result!("\n{name}: {what}\n  wgvae train {} {options}", kind.name())?;
        result!("  on MNIST: {reaches}")?;
    }
    Ok(())
}
