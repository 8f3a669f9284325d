//! Pages for browsers: what `wgvae export --html` writes and refuses, and the page itself in Chromium, with WebGPU and without. What
//! needs Chromium and Node.js is ignored unless `tests/run.sh web` runs it, which installs them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::{fails, succeed, text};
use ndarray::Array4;
use ndarray_npy::write_npy;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use wgvae::{
    check::Proof,
    data::{Dataset, rows_f32},
    device::Device,
    gallery::{linear, prior, spherical},
    gpu::{Batch, Needs, Role, Scalar, Tiling, Tilings},
    model::{Activation, Bottleneck, Condition, Kind, Likelihood, Loss, Model, Objective, Param, Rate, Schedule, Step},
    network::{Codec, Network, step},
    proofs::ALL,
    run::{Run, Settings},
    train::Session,
    verify::recorded::recorded,
    web::{Page, Plan, verifier},
};

/// The designs whose pages are driven: together they have every kind, activation, bottleneck, condition and likelihood,
/// and one is of images in colour.
fn designs() -> Vec<(&'static str, Model, Likelihood)> {
    let model = tiny::model;
    use Likelihood::{Bernoulli, Gaussian, GaussianHeteroscedastic, SquaredError};
    vec![
        ("vae", model(Kind::Vae), SquaredError),
        ("ae", Model { activation: Activation::Softplus, latent: 2, ..model(Kind::Ae) }, SquaredError),
        (
            "ae-direct",
            Model { bottleneck: Bottleneck::Direct, activation: Activation::Gelu, ..model(Kind::Ae) },
            Bernoulli,
        ),
        ("cvae", model(Kind::Cvae), Bernoulli),
        (
            "cvae-mean",
            Model { condition: Condition::Mean, activation: Activation::Silu, ..model(Kind::Cvae) },
            Gaussian,
        ),
        (
            "cvae-multiply",
            Model {
                condition: Condition::Multiply,
                bottleneck: Bottleneck::Direct,
                activation: Activation::Tanh,
                ..model(Kind::Cvae)
            },
            GaussianHeteroscedastic,
        ),
        ("cvae-concat", Model { condition: Condition::Concat, ..model(Kind::Cvae) }, Bernoulli),
        ("vae-colour", Model { input: tiny::colourful().pixels(), ..model(Kind::Vae) }, SquaredError),
    ]
}

/// A run of this design after an epoch.
fn run((name, model, likelihood): (&str, Model, Likelihood), folder: &Path) -> Run {
    let model = Model { variance: likelihood.variance(), ..model };
    let objective = Objective::new(model.kind, likelihood);
    tiny::trained_on(data(&model), model, objective, &folder.join(name))
}

/// The images that a model of these tests takes.
fn data(model: &Model) -> Dataset {
    let colourful = tiny::colourful();
    if model.input == colourful.pixels() { colourful } else { tiny::data() }
}

/// Writes the page of `run`, and beside it what the oracle finds.
fn page(run: &Run) -> [PathBuf; 2] {
    let [page, expected] = ["page.html", "expected.json"].map(|name| run.dir.join(name));
    let names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let mut config = run.config.clone();
    config.data.class_names = names.map(String::from).into();
    fs::write(run.dir.join("config.json"), serde_json::to_string(&config).unwrap()).unwrap();
    let (model, data) = (&run.config.model, data(&run.config.model));
    let (dir, images) = (run.dir.to_str().unwrap(), run.dir.join("images.npy"));
    let mut export = vec!["export", dir, "--html", page.to_str().unwrap(), "--force"];
    if !data.color.is_gray() {
        let shape = (data.test.count, data.height, data.width, 3);
        let bytes = data.test.images.rows().bytes().to_vec();
        write_npy(&images, &Array4::from_shape_vec(shape, bytes).unwrap()).unwrap();
        export.extend(["--data", images.to_str().unwrap()]);
    }
    succeed(&export);
    let codec = Codec::new(&Device::Oracle, model, &run.weights().unwrap()).unwrap();
    let labelled = |label: usize| model.kind.is_conditional().then(|| vec![label as u8]);
    let images: Vec<f32> = rows_f32(&data.test, model.input, &(0..6).collect::<Vec<_>>());
    let own = |i: usize| data.test.labels.as_ref().unwrap()[i];
    let image = |i: usize| &images[i * model.input..(i + 1) * model.input];
    let mean = |i: usize, label: u8| codec.encode(image(i), Some(&[label])).unwrap().mean().to_vec();
    let z = prior(7, 20, model.latent);
    let decodes: Vec<_> = z
        .chunks(model.latent)
        .enumerate()
        .map(|(i, z)| {
            let label = i % 10;
            let image = codec.decode(z, labelled(label).as_deref()).unwrap();
            serde_json::json!({ "z": z, "label": label, "image": image })
        })
        .collect();
    let encodes: Vec<_> = (0..4)
        .map(|i| {
            let found = codec.encode(image(i), Some(&[own(i)])).unwrap();
            serde_json::json!({ "image": image(i), "label": own(i), "mean": found.mean(), "log_var": found.log_var })
        })
        .collect();
    let reconstruction = codec.decode(&mean(2, own(2)), labelled(own(2).into()).as_deref()).unwrap();
    let way = if model.kind.is_variational() { spherical } else { linear };
    let all = serde_json::json!({
        "classes": if model.kind.is_conditional() { model.classes } else { 0 },
        "class_names": names,
        "latent": model.latent,
        "decodes": decodes,
        "last": codec.decode(&z[19 * model.latent..], labelled(0).as_deref()).unwrap(),
        "encodes": encodes,
        "reconstruction": reconstruction,
        "quarter": way(&mean(2, own(2)), &mean(5, own(5)), 0.25),
    });
    fs::write(&expected, all.to_string()).unwrap();
    [page, expected]
}

/// Runs a script of `tests/web/` and gives what it printed and whether it succeeded.
fn node(script: &str, arguments: &[&str]) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web").join(script);
    let output = Command::new("node").arg(script).args(arguments).output().expect("tests/run.sh web installs node");
    (output.status.success(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
}

#[test]
#[ignore = "tests/run.sh web"]
fn the_page_of_every_design_computes_as_the_oracle_and_its_controls_show_it() {
    let folder = tiny::folder("web_designs");
    for design in designs() {
        let name = design.0;
        let [page, expected] = page(&run(design, &folder)).map(|path| path.display().to_string());
        for mode in ["gpu", "plain"] {
            let (ok, said) = node("explorer.mjs", &[&page, &expected, mode]);
            assert!(ok, "{name}, {mode}:\n{said}");
        }
    }
}

#[test]
#[ignore = "tests/run.sh web"]
fn a_changed_weight_a_broken_shader_and_a_request_do_not_pass() {
    let folder = tiny::folder("web_broken");
    let [page, expected] = page(&run(designs().remove(0), &folder));
    let whole = fs::read_to_string(&page).unwrap();
    let broken = folder.join("broken.html");
    let fails = |find: &str, replace: &str, mode: &str, words: &str| {
        assert!(whole.contains(find), "{find}");
        fs::write(&broken, whole.replacen(find, replace, 1)).unwrap();
        let (ok, said) = node("explorer.mjs", &[broken.to_str().unwrap(), expected.to_str().unwrap(), mode]);
        assert!(!ok && said.contains(words), "{find} → {replace} in {mode}: {said}");
    };
    fails("sum += this.params[start + j] * x[j]", "sum -= this.params[start + j] * x[j]", "plain", "decode");
    fails("x >= vec4f()) / (1.0 + z)", "x >= vec4f()) / (1.0 + z * z)", "gpu", "decode");
    fails("<main>", "<main><img src=\"http://127.0.0.1:9/\">", "plain", "request");
}

/// Learning rates and shares of β of every kind of schedule.
fn schedules() -> Vec<serde_json::Value> {
    let rates = [Rate::Constant, Rate::Cosine { lr_end: 1e-4 }, Rate::Stages];
    let all = rates.into_iter().flat_map(|rate| [0, 3].map(|warm_up| Schedule { rate, warm_up }));
    all.flat_map(|schedule| {
        [0, 4, 5, 19, 20, 64, 65, 400, 20_000].map(|index| {
            let step = Step { index, steps_per_epoch: 5, epochs: 20 };
            let [lr, beta] = [schedule.lr(1e-2, step), 2.0 * schedule.beta_share(step)];
            serde_json::json!({ "schedule": schedule, "index": index, "lr": lr, "beta": beta })
        })
    })
    .collect()
}

#[test]
#[ignore = "tests/run.sh web"]
fn fifty_steps_in_a_page_are_the_native_ones_and_what_it_saves_trains_on() {
    let folder = tiny::folder("web_training");
    let (model, data) = (tiny::model(Kind::Vae), tiny::data());
    let objective = Objective::elbo(Loss::BCE_SUM, 1.0);
    let schedule = Schedule { rate: Rate::Cosine { lr_end: 1e-5 }, warm_up: 1 };
    let settings = Settings { batch: 6, epochs: 1, seed: 3, schedule, ..Settings::new(model.clone(), objective) };
    let dir = folder.join("run");
    let mut session = Session::begin(&settings, tiny::gpu(), data.clone(), Some(&dir)).unwrap();
    let metrics = session.epoch(&mut |_| true).unwrap();
    assert_eq!(metrics.step, 50);
    let [run, page] = [dir.display().to_string(), folder.join("page.html").display().to_string()];
    succeed(&["export", &run, "--html", &page, "--train-images", "300"]);
    let weights = session.weights().unwrap();
    let packed = |params: &[Param]| Network::new(&model, 6, Tilings::default()).pack(params).unwrap();
    let codec = Codec::new(&Device::Oracle, &model, &weights).unwrap();
    let z = prior(1, 1, model.latent);
    let expected = serde_json::json!({
        "initial": packed(&model.initialise(3)),
        "params": packed(&weights),
        "reconstruction": metrics.train.reconstruction * 300.0,
        "z": z,
        "image": codec.decode(&z, None).unwrap(),
        "schedules": schedules(),
    });
    let wanted = folder.join("expected.json");
    fs::write(&wanted, expected.to_string()).unwrap();
    let gray = rows_f32(&data.test, model.input, &(0..40).collect::<Vec<_>>());
    let pixels: Vec<u8> = gray.iter().map(|value| (value * 255.0).round() as u8).collect();
    let header = |dimensions: &[u32]| {
        let sizes = dimensions.iter().flat_map(|size| size.to_be_bytes());
        [0, 0, 8, dimensions.len() as u8].into_iter().chain(sizes).collect::<Vec<u8>>()
    };
    let [width, height] = [data.width, data.height].map(|size| size as u32);
    fs::write(folder.join("images.idx"), [header(&[40, height, width]), pixels].concat()).unwrap();
    fs::write(folder.join("labels.idx"), [header(&[40]), vec![3; 40]].concat()).unwrap();
    let arguments = [&page[..], wanted.to_str().unwrap(), folder.to_str().unwrap()];
    let (ok, said) = node("training.mjs", &arguments);
    assert!(ok, "{said}");
    let saved = folder.join("model.safetensors").display().to_string();
    let further = folder.join("further").display().to_string();
    let train = "train vae --data glyphs --device cpu --epochs 1 --train-limit 64 --test-limit 40 --hidden 19,13 --latent 5 --loss bce";
    let options: Vec<&str> = train.split(' ').chain(["--init", &saved, "--out", &further]).collect();
    succeed(&options);

    // a page whose step learns otherwise
    let text = fs::read_to_string(&page).unwrap();
    let broken = folder.join("broken.html");
    fs::write(&broken, text.replacen("1 - beta2 ** (index + 1)", "1 - beta2 ** (index + 2)", 1)).unwrap();
    let (ok, said) = node("training.mjs", &[&[broken.to_str().unwrap()], &arguments[1..]].concat());
    assert!(!ok && said.contains("parameters after fifty steps are apart by"), "{said}");
}

/// What the page of the checks reports, by `verify.mjs`.
fn report(page: &Path, arguments: &[&str]) -> serde_json::Value {
    let (ok, said) = node("verify.mjs", &[&[page.to_str().unwrap()], arguments].concat());
    assert!(ok, "{said}");
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}

#[test]
#[ignore = "tests/run.sh web"]
fn the_page_of_the_checks_passes_kernels_and_fails_a_mutant() {
    let folder = tiny::folder("web_verify");
    let chosen = ["noise", "onehot", "adam", "loss"];
    let proofs: Vec<&Proof> = ALL.iter().filter(|proof| chosen.contains(&&proof.spec.name[..])).collect();
    let page = folder.join("verify.html");
    let traces = || recorded().take(2);
    fs::write(&page, verifier(proofs.iter().copied(), traces()).unwrap()).unwrap();
    let found = report(&page, &["gpu", "mutants"]);
    let names: Vec<_> = found["kernels"].as_array().unwrap().iter().map(|kernel| &kernel["name"]).collect();
    assert_eq!(names, chosen);
    assert!(found["ok"] == true && found["shown"] == 4 + 2, "{found}");
    for run in found["traces"].as_array().unwrap() {
        assert!(
            run["worst_share_of_limit"].as_f64().unwrap() < 1.0 && run["quantities"].as_u64().unwrap() > 10,
            "{run}"
        );
    }
    for kernel in found["kernels"].as_array().unwrap() {
        let share = kernel["worst_share_of_limit"].as_f64().unwrap();
        assert!(
            share < 1.0 && kernel["cases"].as_u64().unwrap() >= 3 && kernel["killed"].as_u64().unwrap() > 0,
            "{kernel}"
        );
    }

    let loss = proofs.iter().find(|proof| proof.spec.name == "loss").unwrap();
    let whole = serde_json::to_string(loss.mutants[0].find).unwrap();
    let changed = serde_json::to_string(loss.mutants[0].replace).unwrap();
    let text = fs::read_to_string(&page).unwrap();
    let [whole, changed] = [whole, changed].map(|text| text.trim_matches('"').replace('<', "\\u003c"));
    assert!(text.contains(&whole), "{whole}");
    fs::write(&page, text.replacen(&whole, &changed, 1)).unwrap();
    let found = report(&page, &["gpu"]);
    let failed = found["kernels"].as_array().unwrap().iter().find(|kernel| kernel["ok"] == false).unwrap();
    assert!(found["ok"] == false && failed["name"] == "loss", "{found}");
    assert!(failed["fault"].as_str().unwrap().contains(", expected "), "{failed}");
    assert!(found["verdict"].as_str().unwrap().contains("NOT all within their limits"), "{found}");

    // a recorded run that ended elsewhere
    let mut trace = traces().next().unwrap();
    trace.expected.params[0].values[0] += 0.01;
    fs::write(&page, verifier([*loss], [trace]).unwrap()).unwrap();
    let found = report(&page, &["gpu"]);
    let fault = found["traces"][0]["fault"].as_str().unwrap();
    assert!(found["ok"] == false && fault.contains("final.encoder.0.weight: relative error"), "{found}");

    let found = report(&page, &["plain"]);
    assert!(found["said"].as_str().unwrap().contains("this browser has no WebGPU"), "{found}");
}

#[test]
fn every_portable_kernel_is_on_the_page_of_the_checks() {
    let folder = tiny::folder("web_verify_cli");
    let page = folder.join("verify.html").display().to_string();
    let (out, _) = succeed(&["verify", "--html", &page]);
    assert_eq!(out.trim(), page);
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.len() < 20 << 20, "{} bytes", text.len());
    println!("{} bytes", text.len());
    let data = text.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    let kernels = data["kernels"].as_array().unwrap();
    let portable = wgvae::kernels::all().filter(|spec| spec.needs == Needs::Nothing).count();
    assert_eq!(kernels.len(), portable);
    assert_eq!(portable + data["left_out"].as_array().unwrap().len(), wgvae::kernels::all().count());
    for kernel in kernels {
        let own = ALL.iter().find(|proof| proof.spec.name == kernel["name"].as_str().unwrap()).unwrap().cases().len();
        assert_eq!(kernel["cases"].as_array().unwrap().len(), own.min(6), "{}", kernel["name"]);
    }
    assert!(data["replays"].as_str().unwrap().len() > 100_000);
    fails(&["verify", "--html", &page], &["--html", "exists: replace it with --force"]);
}

#[test]
#[ignore = "tests/run.sh web"]
fn the_scripts_of_the_pages_hold_their_types() {
    let compiler = Path::new(&std::env::var("WGVAE_NODE").unwrap()).join("node_modules/.bin/tsc");
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web/tsconfig.json");
    let types = Path::new(&std::env::var("WGVAE_NODE").unwrap()).join("node_modules/@webgpu/types");
    let mut command = Command::new(compiler);
    let output = command.arg("-p").arg(config).arg("--types").arg(types).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stdout));
}

#[test]
fn the_host_is_short_and_names_no_kernel_and_no_buffer() {
    let host = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/page/host.js")).unwrap();
    assert!(host.lines().count() < 500);
    let roles = Role::ALL.into_iter().map(Role::name);
    let kernels = wgvae::kernels::all().map(|spec| spec.name.split(' ').next().unwrap());
    for name in roles.chain(kernels) {
        assert!(!host.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[test]
fn words_of_the_record_have_their_names() {
    let batch = Batch {
        first: 1,
        rows: 2,
        slot: 3,
        entry: 4,
        index: [5, 6],
        step_size: 7.0,
        correction: 8.0,
        beta1: 9.0,
        beta2: 10.0,
        epsilon: 11.0,
        decay: 12.0,
        kl_weight: 13.0,
        row: 14,
    };
    let words: &[u32] = bytemuck::cast_slice(bytemuck::bytes_of(&batch));
    let names = "first rows slot entry index index_high step_size correction beta1 beta2 epsilon decay kl_weight row";
    assert_eq!(Batch::FIELDS.map(|field| field.name).join(" "), names);
    for (number, (word, field)) in (1..).zip(words.iter().zip(Batch::FIELDS)) {
        let wanted = if field.scalar == Scalar::U32 { number } else { (number as f32).to_bits() };
        assert_eq!(*word, wanted, "{}", field.name);
    }
}

#[test]
fn a_plan_has_each_shader_once_and_refuses_subgroups_and_missing_buffers() {
    let net = Network::new(&tiny::model(Kind::Vae), 4, Tilings::all(Tiling::Split)).with_outputs();
    let decoding = step::decoding(&net, wgvae::kernels::linear::Finish::Sigmoid).unwrap();
    let mut plan = Plan::new(1);
    let error = plan.program("decode", &decoding).unwrap_err().to_string();
    assert!(error.contains("no buffer for params"), "{error}");
    for role in Role::ALL {
        plan.buffer(role, 100);
    }
    plan.program("decode", &decoding).unwrap();
    plan.program("again", &decoding).unwrap();
    let plan_json = serde_json::to_value(&plan).unwrap();
    let count = |key: &str| plan_json[key].as_array().unwrap().len();
    assert_eq!(plan_json["programs"]["decode"].as_array().unwrap().len(), decoding.dispatches.len());
    assert!(count("shaders") <= count("kernels") && count("kernels") < decoding.dispatches.len());
    assert_eq!(plan_json["buffers"]["params"]["bytes"], 112);
    assert_eq!(plan_json["limits"]["maxComputeInvocationsPerWorkgroup"], 256);

    let narrow = Network::new(&tiny::model(Kind::Vae), 4, Tilings::all(Tiling::Subgroup)).with_outputs();
    let program = step::decoding(&narrow, wgvae::kernels::linear::Finish::Sigmoid).unwrap();
    let error = plan.program("narrow", &program).unwrap_err().to_string();
    assert!(error.contains("needs a software adapter with subgroups"), "{error}");
}

#[test]
fn modules_become_one_and_data_cannot_end_its_element() {
    let page = Page {
        markup: "<title><!-- title --></title><!-- style --><!-- data --><!-- script -->",
        styles: &["a {}\n", "b {}\n"],
        modules: &["export const a = 1;\n", "import { a } from \"./a.js\";\nconst b = a;\n"],
    };
    let html = page.render("a < b", &"</script>");
    assert_eq!(
        html,
        "<title>a &lt; b</title><style>\na {}\nb {}\n</style><script type=\"application/json\" id=\"data\">\"\\u003c/script>\"</script>\
         <script type=\"module\">\nconst a = 1;\nconst b = a;\n</script>"
    );
}

#[test]
fn export_writes_a_page_of_one_file_and_says_why_not() {
    let folder = tiny::folder("web_export");
    let run = tiny::run(Kind::Vae, Loss::BCE_SUM, Activation::Relu, &folder.join("vae"));
    let [dir, html, text_file] =
        [run.dir.clone(), folder.join("a.html"), folder.join("a.txt")].map(|path| path.display().to_string());
    let (out, _) = succeed(&["export", &dir, "--html", &html]);
    assert_eq!(out.trim(), html);
    let page = fs::read_to_string(&html).unwrap();
    assert!(page.len() < 1 << 20 && page.contains("default-src 'none'") && !page.contains("<!-- data -->"));
    fails(&["export", &dir, "--html", &html], &["--html", "exists: replace it with --force"]);
    succeed(&["export", &dir, "--html", &html, "--force"]);
    fails(&["export", &dir, "--html", &text_file], &["--html", "must end in .html"]);
    fails(&["export", &dir, "--onnx", &dir, "--data", "glyphs"], &["--data", "--html alone"]);
    let (out, _) = succeed(&["export", &dir, "--html", &html, "--force", "--train-images", "200"]);
    assert!(out.trim() == html && fs::read_to_string(&html).unwrap().contains("\"count\":200"));

    // a net whose page no phone would open
    let large = Model::new(Kind::Ae, 784, [2100], 8, 10);
    let parameters = format!("{} parameters make a page of", large.parameter_count());
    let objective = Objective::elbo(Loss::MSE_MEAN, 0.0);
    let run = tiny::trained(large, objective, &folder.join("large"));
    fails(
        &["export", run.dir.to_str().unwrap(), "--html", &html, "--force"],
        &["--html", &parameters, "MiB, expected at most 16", "--onnx"],
    );
}
