//! What benches say beside times: device memory, limits, and points of every kind on the curves of growth.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;

use command::{refused, succeed};
use std::{process::Command, sync::Arc};
use wgvae::{
    bench::{Growth, Plan, article, report, scaling},
    data::{Dataset, Split, glyphs},
    device::Device,
    gpu::{AdapterChoice, Gpu, Options},
    model::{Kind, Loss, Model, Objective},
    network::Network,
    run::Settings,
    train::{DeviceMemory, GpuTrainer, evaluation_rows},
};

fn gpu() -> Arc<Gpu> {
    Arc::new(Gpu::open(&AdapterChoice::Best, Options::default()).unwrap_or_else(|error| {
        panic!("{error}; this test needs an adapter: {}", error.hint().unwrap_or("see `wgvae devices`"))
    }))
}

fn settings(input: usize, hidden: &[usize], latent: usize, batch: usize) -> Settings {
    let model = Model::new(Kind::Vae, input, hidden, latent, 0);
    Settings { batch, ..Settings::new(model, Objective::elbo(Loss::MSE_SUM, 3.0)) }
}

/// Data, 12 bytes per parameter, and four per activation and gradient of a batch of training and of one of evaluation.
fn target(settings: &Settings, data: &Dataset) -> u64 {
    let (model, count) = (&settings.model, data.train.count + data.test.count);
    let widths = 2 * model.hidden.iter().sum::<usize>();
    // activations: code, μ, log σ², z; gradients: of these, and of the logits
    let per_row = 2 * widths + 8 * model.latent + model.input;
    let rows = settings.batch + evaluation_rows(data.test.count, 1);
    ((model.input + 4) * count + 12 * model.parameter_count() + 4 * rows * per_row) as u64
}

#[test]
fn device_memory_of_the_articles_net_is_data_parameters_and_activations() {
    let (gpu, data) = (gpu(), glyphs::dataset(0, 20_000, 1000));
    for batch in [1, 32, 1024] {
        let settings = settings(784, &[256], 8, batch);
        let memory = GpuTrainer::new(Arc::clone(&gpu), &settings, &data).unwrap().device_memory();
        let share = memory.total() as f64 / target(&settings, &data) as f64;
        println!("batch {batch}: {memory}, {share:.3} of data + 12 bytes per parameter + activations");
        assert!((0.9..=1.1).contains(&share), "batch {batch}: {memory}");
    }
}

#[test]
fn device_memory_is_that_of_every_buffer_of_a_small_net() {
    let split = |count: usize| Split { images: vec![7_u8; 63 * count].into(), count, ..Split::default() };
    let (train, test) = (split(171), split(40));
    let data = Dataset { name: "gray".into(), width: 9, height: 7, classes: 0, train, test, ..Dataset::default() };
    let (gpu, settings) = (gpu(), settings(63, &[37], 5, 7));
    let DeviceMemory { images, parameters, activations, other, shard_rows } =
        GpuTrainer::new(Arc::clone(&gpu), &settings, &data).unwrap().device_memory();
    assert_eq!(shard_rows, 0);
    assert_eq!(images, (171 + 40) * 64); // rows of 63 pixels are padded to 64
    // weights and biases of 63-37-5, twice 5-5, and 5-37-63, rows padded to a multiple of four floats
    let floats = (37 * 64 + 40) + (5 * 40 + 8) + 2 * (5 * 8 + 8) + (37 * 8 + 40) + (63 * 40 + 64);
    assert_eq!(parameters, 3 * 4 * floats);
    // 37-wide: h and d; 5-wide: code, μ, log σ², projection and c; as many gradients, and those of the logits
    let row = 2 * (2 * 40 + 5 * 8) + 64;
    let (mut expected, mut steps) = (0, [0; 2]);
    for ((rows, count), steps) in [(7, 171), (40, 40)].into_iter().zip(&mut steps) {
        *steps = usize::div_ceil(count, rows);
        let net = Network::new(&settings.model, rows, gpu.tilings());
        // noise and partials of every step, since all of them fit one submit; buffers are multiples of 16 bytes
        let noise = (4 * *steps * rows * 5).next_multiple_of(16);
        let partials = (4 * *steps * net.partials.stride as usize).next_multiple_of(16);
        expected += 4 * rows * row + noise + partials;
    }
    assert_eq!(steps, [25, 1]);
    assert_eq!(activations as usize, expected);
    // order and losses of each split, a label each, the table of layers, records and arguments of 256 bytes
    let order = [171_u64, 40].map(|count| (4 * count).next_multiple_of(16)).iter().sum::<u64>();
    let losses = [25_u64, 1].map(|steps| 16 * steps).iter().sum::<u64>();
    let small = order + losses + 2 * 16 + (16 << 10);
    assert_eq!((other - small) % 256, 0, "{other} = {small} + a multiple of 256");
    assert!(other - small <= 256 * (2 * (25 + 1) + 2 * 12), "{other}");
}

#[test]
fn a_report_tells_limits_shares_memory_and_tilings() {
    let found = report(&Device::Gpu(gpu()), &article(Kind::Vae), &[8], true, &mut |_| ()).unwrap();
    let json = serde_json::to_value(&found).unwrap();
    for limit in ["copy_gbytes_per_s", "peak_gflops", "floor_us"] {
        assert!(json[limit].as_f64().unwrap() > 0.0, "{limit}: {json}");
    }
    let step = &json["steps"][0];
    assert!(step["device_bytes"].as_u64() > step["image_bytes"].as_u64() && step["image_bytes"].as_u64() > Some(0));
    assert!(step["roofline_us"].as_f64().unwrap() > 0.0 && step["tilings"]["forward"].is_string(), "{step}");
    assert_eq!(found.kernels.len(), found.steps[0].dispatches.unwrap());
    let text = found.to_string();
    assert!(text.contains(&found.steps[0].tilings.unwrap().to_string()), "{text}");
    // every column of the kernels' table ends where its head does
    let table: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("kernel ")).collect();
    assert_eq!(table.len(), 1 + found.kernels.len());
    assert!(table.windows(2).all(|pair| pair[0].chars().count() == pair[1].chars().count()), "{text}");
}

fn tiny() -> Growth {
    let plan = Plan {
        batch: vec![1, 32],
        hidden: vec![16, 1 << 20],
        depth: vec![2],
        latent: vec![8, 160],
        seconds: 0.001,
        patience: 60.0,
    };
    scaling(&gpu(), &plan, &mut |_| ()).unwrap()
}

#[test]
fn growth_says_what_it_could_not_measure() {
    let growth = tiny();
    assert_eq!(growth.points.len(), 7);
    for point in &growth.points {
        let fits = point.hidden < 1 << 20; // 6.6 GB in one buffer
        assert_eq!((point.us_per_step.is_some(), point.model_bytes.is_some()), (fits, fits), "{point:?}");
        assert_eq!(point.note.contains("not measured: "), !fits, "{point:?}");
        assert!(!fits || point.note.contains("a dispatch per layer") == (point.latent == 160), "{point:?}");
        assert!(point.roofline_us > 0.0, "{point:?}");
    }
    let usual: Vec<_> = growth.points.iter().filter(|point| (point.batch, point.latent) == (32, 8)).collect();
    assert_eq!(usual[0].us_per_step, usual.last().unwrap().us_per_step, "one size is measured once for all axes");
    let text = growth.to_string();
    assert!(text.contains("a buffer of this adapter holds at most"), "{text}");

    let dir = tempfile::tempdir().unwrap();
    let (table, picture) = (dir.path().join("scaling.csv"), dir.path().join("scaling.png"));
    growth.write_csv(&table).unwrap();
    let mut reader = csv::Reader::from_path(&table).unwrap();
    let column = reader.headers().unwrap().iter().position(|name| name == "us_per_step").unwrap();
    let times: Vec<String> = reader.records().map(|line| line.unwrap()[column].to_string()).collect();
    assert_eq!(times.iter().filter(|time| time.is_empty()).count(), 1, "{times:?}");
    growth.plot().unwrap().save(&picture).unwrap();
    let sheet = image::open(&picture).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (2 * 760, 4 * 400));
}

#[test]
fn files_of_growth_are_not_replaced_unasked() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("scaling.png"), "mine").unwrap();
    let bench = |options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
        command.args(["bench", "--scaling", "--quick", "--out"]).arg(dir.path()).args(options).output().unwrap()
    };
    let output = bench(&[]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && text.contains("exists: replace it with --force"), "{text}");
    let output = bench(&["--device", "cpu", "--force"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && text.contains("--scaling: measures a GPU"), "{text}");
    assert_eq!(std::fs::read(dir.path().join("scaling.png")).unwrap(), b"mine");
}

#[test]
fn any_of_the_models_is_timed_at_any_size() {
    for (model, hidden, latent, dispatches) in [("ae", "20", 4, 6), ("vae", "16,12", 3, 10), ("cvae", "16", 5, 6)] {
        let size = ["--model", model, "--hidden", hidden, "--latent", &latent.to_string(), "--batch", "7,3", "--quick"];
        let oracle = succeed(&[&["bench", "--device", "cpu", "--json"], &size[..]].concat()).0;
        let gpu = succeed(&[&["bench", "--device", "gpu", "--json"], &size[..]].concat()).0;
        for (text, steps_of) in [(oracle, serde_json::Value::Null), (gpu, dispatches.into())] {
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            let lines = json["steps"].as_array().unwrap();
            assert_eq!(lines.iter().map(|line| line["batch"].as_u64().unwrap()).collect::<Vec<_>>(), [7, 3]);
            for line in lines {
                // one width is a number, several are a list
                let widths: serde_json::Value = match hidden.split_once(',') {
                    None => hidden.parse::<u64>().unwrap().into(),
                    Some((first, second)) => vec![first.parse::<u64>().unwrap(), second.parse().unwrap()].into(),
                };
                assert_eq!((&line["model"], &line["hidden"]), (&model.into(), &widths), "{line}");
                assert_eq!((&line["latent"], &line["dispatches"]), (&latent.into(), &steps_of), "{line}");
                assert!(line["us_per_step"].as_f64().unwrap() > 0.0, "{line}");
            }
        }
    }
}

#[test]
fn the_table_names_the_model_that_was_timed() {
    let size = ["--model", "cvae", "--hidden", "16,12", "--latent", "3", "--batch", "5"];
    let (text, _) = succeed(&[&["bench", "--quick", "--device", "cpu"], &size[..]].concat());
    let table: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("model ")).collect();
    assert!(table[1].starts_with("cvae 784-16-12-3       5  "), "{text}");
    let head = table[0].find("batch").unwrap() + "batch".len();
    assert_eq!(table[1][..head].split_whitespace().last(), Some("5"), "{text}");
}

#[test]
fn bad_sizes_and_models_are_refused_in_one_line() {
    let bench = |options: &[&str], code: i32, words: &[&str]| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_wgvae"));
        refused(command.args(["bench", "--quick", "--device", "cpu"]).args(options), code, words);
    };
    bench(&["--model", "gan"], 2, &["--model", "expected ae, vae or cvae"]);
    bench(&["--hidden", "wide"], 2, &["--hidden", "wide"]);
    bench(&["--hidden", "256,0"], 1, &["--hidden", "must be at least 1"]);
    bench(&["--latent", "0"], 1, &["--latent", "must be at least 1"]);
    bench(&["--batch", "32,0"], 1, &["--batch", "must be at least 1"]);
    bench(&["--hidden", "4000000,4000000"], 1, &["--hidden", "of memory"]);
    for (option, value) in [("--model", "vae"), ("--hidden", "256"), ("--latent", "8")] {
        bench(&["--scaling", option, value], 2, &["--scaling", option, "cannot be used with"]);
    }
}
