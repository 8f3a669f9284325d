//! What other programs make of our files, and we of theirs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tiny;

use ndarray::{Array1, Array2, ArrayD, Axis, concatenate};
use ndarray_npy::{read_npy, write_npy};
use prost::Message;
use std::{collections::HashMap, path::Path, process::Command};
use tiny::{data, folder, gpu, model, python, trained};
use wgvae::{
    data::rows_f32,
    interop::onnx::{self, messages::*},
    model::{Activation, Bottleneck, Condition, Kind, Likelihood, Loss, Model, Objective, Param, Variance},
    network::{Codec, Encoding},
    run::{Run, checkpoint},
};

const KINDS: [(Kind, Loss); 3] = [(Kind::Ae, Loss::MSE_MEAN), (Kind::Vae, Loss::BCE_SUM), (Kind::Cvae, Loss::MSE_SUM)];

/// A model and what it is trained by.
type Trained = (Model, Objective);

/// The article's design of a kind.
fn article((kind, loss): (Kind, Loss), activation: Activation) -> Trained {
    (Model { activation, ..model(kind) }, Objective::elbo(loss, if kind == Kind::Ae { 0.0 } else { 1.0 }))
}

/// What the article has not: other bottlenecks, conditions and likelihoods.
fn others() -> Vec<Trained> {
    use {Bottleneck::*, Condition::*, Likelihood::*};
    [
        (Kind::Ae, Direct, Add, SquaredError),
        (Kind::Ae, Article, Add, GaussianHeteroscedastic),
        (Kind::Vae, Direct, Add, Bernoulli),
        (Kind::Vae, Article, Add, Gaussian),
        (Kind::Vae, Direct, Add, GaussianHeteroscedastic),
        (Kind::Cvae, Direct, Add, Bernoulli),
        (Kind::Cvae, Article, Mean, Bernoulli),
        (Kind::Cvae, Article, Multiply, Gaussian),
        (Kind::Cvae, Article, Concat, SquaredError),
        (Kind::Cvae, Direct, Concat, GaussianHeteroscedastic),
    ]
    .map(|(kind, bottleneck, condition, likelihood)| {
        let model = Model { bottleneck, condition, variance: likelihood.variance(), ..model(kind) };
        (model, Objective::new(kind, likelihood))
    })
    .into()
}

/// Every kind with every activation, and all others, numbered.
fn models() -> impl Iterator<Item = (usize, Trained)> {
    let articles = Activation::ALL.into_iter().flat_map(|activation| KINDS.map(|kind| article(kind, activation)));
    articles.chain(others()).enumerate()
}

/// The test images and labels as arrays in `dir`, and what the codec makes of them.
struct Case {
    run: Run,
    codec: Codec,
    images: Array2<f32>,
    labels: Vec<u8>,
}

impl Case {
    fn new((model, objective): Trained, dir: &Path) -> Case {
        let run = trained(model, objective, &dir.join("run"));
        let codec = Codec::new(&gpu(), &run.config.model, &run.weights().unwrap()).unwrap();
        let data = data();
        let all: Vec<usize> = (0..data.test.count).collect();
        let images = rows_f32(&data.test, data.pixels(), &all);
        let images = Array2::from_shape_vec((all.len(), data.pixels()), images).unwrap();
        let labels = data.test.labels.unwrap();
        write_npy(dir.join("images.npy"), &images).unwrap();
        write_npy(dir.join("labels.npy"), &Array1::from(labels.clone())).unwrap();
        Case { run, codec, images, labels }
    }

    fn encode(&self) -> Encoding {
        self.codec.encode(self.images.as_slice().unwrap(), Some(&self.labels)).unwrap()
    }

    /// The bounded log σ² of every value that is decoded from `z`, where the likelihood has one.
    fn output_log_var(&self, z: &[f32]) -> Option<Vec<f32>> {
        let Model { variance, input, .. } = *self.codec.model();
        let log_vars: Vec<f32> = match variance {
            Variance::None => return None,
            Variance::Learned => {
                let learned: Vec<f32> = self.codec.output_log_var().iter().map(|&value| value as f32).collect();
                learned.repeat(self.labels.len())
            }
            Variance::Decoded => {
                let outputs = self.codec.decode_outputs(z, Some(&self.labels)).unwrap();
                outputs.chunks(2 * input).flat_map(|row| &row[input..]).copied().collect()
            }
        };
        Some(log_vars.into_iter().map(|value| value.clamp(-8.0, 8.0)).collect())
    }

    fn reconstruction(&self) -> Vec<f32> {
        self.codec.reconstruct(self.images.as_slice().unwrap(), Some(&self.labels)).unwrap()
    }
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Element by element within 1e-5.
fn assert_close(ours: &[f32], theirs: impl IntoIterator<Item = f64>, what: &str) {
    let mut count = 0;
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((f64::from(*a) - b).abs() <= 1e-5, "{what}: value {i} is {a}, theirs {b}");
        count += 1;
    }
    assert_eq!(count, ours.len(), "{what}");
}

fn script(name: &str) -> String {
    format!("{}/tests/python/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn numpy_restores_the_same_from_our_weights() {
    let Some(_) = python("numpy") else { return };
    let articles = KINDS.map(|kind| article(kind, Activation::Relu));
    let is_told = |(model, _): &Trained| model.kind != Kind::Ae || model.bottleneck == Bottleneck::Article;
    for (number, trained) in articles.into_iter().chain(others()).filter(is_told).enumerate() {
        let dir = folder(&format!("numpy-{number}"));
        let condition = trained.0.condition.name();
        let case = Case::new(trained, &dir);
        let model = case.run.dir.join("model.safetensors");
        succeed(
            python("numpy")
                .unwrap()
                .current_dir(&dir)
                .args([&script("numpy_model.py"), "reconstruct"])
                .arg(model)
                .args(["images.npy", "labels.npy", "theirs.npy", condition]),
        );
        let theirs: Array2<f64> = read_npy(dir.join("theirs.npy")).unwrap();
        assert_close(&case.reconstruction(), theirs, "numpy");
    }
}

#[test]
fn weights_of_numpy_start_a_run() {
    let Some(mut python) = python("numpy") else { return };
    let dir = folder("numpy-init");
    let theirs = dir.join("theirs.safetensors");
    let shape = ["cvae", "784", "19,13", "5", "10"];
    succeed(python.args([&script("numpy_model.py"), "weights"]).args(shape).arg(&theirs));
    init_keeps(&dir, &theirs);
}

/// Weights under the names of each model load into one of the same options, and no other.
#[test]
fn weights_of_every_design_start_a_run_of_the_same() {
    for (number, (model, objective)) in others().into_iter().enumerate() {
        let dir = folder(&format!("init-{number}"));
        let file = dir.join("theirs.safetensors");
        checkpoint::save_weights(&file, &model.initialise(9)).unwrap();
        let likelihood = objective.loss.likelihood.full_name();
        let mut command = train(model.kind.name(), &file, &dir);
        command.args(["--bottleneck", model.bottleneck.name(), "--likelihood", likelihood]);
        if model.kind == Kind::Cvae {
            command.args(["--condition", model.condition.name()]);
        }
        succeed(&mut command);
        kept(&dir, &file);
        let other = Model {
            bottleneck: Bottleneck::Article,
            variance: Variance::None,
            condition: Condition::Add,
            ..model.clone()
        };
        let loads = checkpoint::load_weights(&file, &other).is_ok();
        assert_eq!(loads, model.shapes() == other.shapes(), "{model:?}");
    }
}

/// `train --init` with a rate of 0 must leave exactly the weights it was given.
fn init_keeps(dir: &Path, file: &Path) {
    succeed(&mut train("cvae", file, dir));
    kept(dir, file);
}

/// Begins at the weights in `file` and learns nothing.
fn train(kind: &str, file: &Path, dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
    command
        .args(["train", kind, "--data", "glyphs", "--train-limit", "64", "--test-limit", "10", "--epochs", "1"])
        .args(["--hidden", "19,13", "--latent", "5", "--lr", "0", "--init"])
        .arg(file)
        .arg("--out")
        .arg(dir.join("run"));
    command
}

fn kept(dir: &Path, file: &Path) {
    let run = Run::open(&dir.join("run")).unwrap();
    assert_eq!(run.weights().unwrap(), checkpoint::load_weights(file, &run.config.model).unwrap());
}

#[test]
fn pytorch_takes_and_gives_weights() {
    let Some(_) = python("torch, safetensors, numpy") else { return };
    for (number, trained) in models() {
        let dir = folder(&format!("torch-{number}"));
        let what = trained.0.clone();
        let case = Case::new(trained, &dir);
        let mut command = python("torch").unwrap();
        let arguments = ["run", "images.npy", "labels.npy", "theirs.npy"];
        succeed(command.current_dir(&dir).arg(script("wgvae_to_pytorch.py")).args(arguments));
        let theirs: Array2<f32> = read_npy(dir.join("theirs.npy")).unwrap();
        let ours = case.reconstruction();
        let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        println!("{what:?}: PyTorch differs by at most {worst:e}");
        assert_close(&ours, theirs.into_iter().map(f64::from), "PyTorch");
    }
    let dir = folder("torch-init");
    let theirs = dir.join("theirs.safetensors");
    let shape = ["cvae", "784", "19,13", "5", "10"];
    succeed(python("torch").unwrap().arg(script("pytorch_to_wgvae.py")).args(shape).arg(&theirs));
    init_keeps(&dir, &theirs);
}

#[test]
fn onnxruntime_gives_the_same() {
    let Some(_) = python("onnxruntime, numpy") else { return };
    for (number, trained) in models() {
        let dir = folder(&format!("onnx-{number}"));
        let what = trained.0.clone();
        let case = Case::new(trained, &dir);
        onnx::export(&dir, &case.run.config.model, &case.run.weights().unwrap()).unwrap();
        let encoding = case.encode();
        let z = Array2::from_shape_vec((case.labels.len(), 5), encoding.mean().to_vec()).unwrap();
        write_npy(dir.join("z.npy"), &z).unwrap();
        let mut command = python("onnxruntime").unwrap();
        let arguments = [".", "images.npy", "labels.npy", "z.npy", "."];
        succeed(command.current_dir(&dir).arg(script("onnx_model.py")).args(arguments));
        let restored = case.reconstruction();
        let mut ours = vec![("decoder.reconstruction", restored)];
        ours.extend(case.output_log_var(encoding.mean()).map(|log_var| ("decoder.log_var", log_var)));
        ours.extend(match what.kind {
            Kind::Ae => vec![("encoder.code", encoding.code)],
            Kind::Vae | Kind::Cvae => vec![("encoder.mu", encoding.mu), ("encoder.log_var", encoding.log_var)],
        });
        for (name, ours) in ours {
            let theirs: Array2<f32> = read_npy(dir.join(format!("{name}.npy"))).unwrap();
            assert_close(&ours, theirs.into_iter().map(f64::from), &format!("{what:?}: {name}"));
        }
    }
}

/// Runs a graph by the definitions of its operators, in f64.
fn execute(graph: &GraphProto, inputs: HashMap<String, ArrayD<f64>>) -> HashMap<String, ArrayD<f64>> {
    let mut values = inputs;
    for tensor in &graph.initializer {
        let dims: Vec<usize> = tensor.dims.iter().map(|&size| size as usize).collect();
        let floats = tensor.raw_data.as_chunks().0.iter().map(|&word| f64::from(f32::from_le_bytes(word))).collect();
        values.insert(tensor.name.clone(), ArrayD::from_shape_vec(dims, floats).unwrap());
    }
    for node in &graph.node {
        let x: Vec<ArrayD<f64>> = node.input.iter().map(|name| values[name].clone()).collect();
        let matrix = |i: usize| x[i].clone().into_dimensionality::<ndarray::Ix2>().unwrap();
        let attribute = |expected: &str| {
            let [AttributeProto { name, i: Some(value), kind: ATTRIBUTE_INT }] = &node.attribute[..] else {
                panic!("{node:?}")
            };
            assert_eq!(name, expected, "{node:?}");
            *value
        };
        let y = match node.op_type.as_str() {
            "Gemm" => {
                assert_eq!(attribute("transB"), 1);
                matrix(0).dot(&matrix(1).t()).into_dyn() + &x[2]
            }
            "Relu" => x[0].mapv(|v| v.max(0.0)),
            "Tanh" => x[0].mapv(f64::tanh),
            "Sigmoid" => x[0].mapv(|v| 1.0 / (1.0 + (-v).exp())),
            "Softplus" => x[0].mapv(|v| v.exp().ln_1p()),
            "Add" => &x[0] + &x[1],
            "Mul" => &x[0] * &x[1],
            "Transpose" => x[0].t().to_owned(),
            "Gather" => x[0].select(Axis(0), &x[1].iter().map(|&i| i as usize).collect::<Vec<_>>()),
            "Clip" => x[0].mapv(|v| v.clamp(*x[1].first().unwrap(), *x[2].first().unwrap())),
            "Concat" => concatenate(Axis(attribute("axis") as usize), &[x[0].view(), x[1].view()]).unwrap(),
            "Shape" => Array1::from_iter(x[0].shape().iter().map(|&size| size as f64)).into_dyn(),
            "Expand" => x[0].broadcast(x[1].iter().map(|&size| size as usize).collect::<Vec<_>>()).unwrap().to_owned(),
            "Split" => {
                let axis = Axis(attribute("axis") as usize);
                let (first, second) = x[0].view().split_at(axis, x[0].len_of(axis) / 2);
                assert!(values.insert(node.output[1].clone(), second.to_owned()).is_none());
                first.to_owned()
            }
            other => panic!("no operator {other} was expected"),
        };
        assert!(values.insert(node.output[0].clone(), y).is_none(), "{} is written twice", node.output[0]);
    }
    values
}

fn shape_of(value: &ValueInfoProto) -> (i32, Vec<DimensionProto>) {
    let tensor = value.kind.clone().unwrap().tensor_type.unwrap();
    (tensor.elem_type, tensor.shape.unwrap().dim)
}

#[test]
fn exported_graphs_hold_the_weights_and_compute_the_model() {
    for (number, trained) in models() {
        let dir = folder(&format!("graph-{number}"));
        let what = trained.0.clone();
        let case = Case::new(trained, &dir);
        let params = case.run.weights().unwrap();
        onnx::export(&dir, &case.run.config.model, &params).unwrap();
        let read = |name: &str| ModelProto::decode(&std::fs::read(dir.join(name)).unwrap()[..]).unwrap();
        let [encoder, decoder] = [onnx::ENCODER, onnx::DECODER].map(|name| {
            let model = read(name);
            assert_eq!(model.opset_import, [OperatorSetIdProto { domain: String::new(), version: 13 }]);
            model.graph.unwrap()
        });
        let weights: Vec<&TensorProto> = encoder.initializer.iter().chain(&decoder.initializer).collect();
        for Param { name, shape, values } in &params {
            let tensor = weights.iter().find(|tensor| &tensor.name == name).unwrap();
            assert_eq!(tensor.dims, shape.iter().map(|&size| size as i64).collect::<Vec<_>>(), "{name}");
            let bytes: Vec<u8> = values.iter().flat_map(|&value| (value as f32).to_le_bytes()).collect();
            assert!(tensor.raw_data == bytes && tensor.data_type == FLOAT, "{name}");
        }
        let batch = DimensionProto { dim_param: Some("n".into()), dim_value: None };
        for value in encoder.input.iter().chain(&encoder.output).chain(&decoder.input).chain(&decoder.output) {
            assert_eq!(shape_of(value).1[0], batch, "{}: the batch axis is left open", value.name);
        }
        let names = |values: &[ValueInfoProto]| values.iter().map(|value| value.name.clone()).collect::<Vec<_>>();
        let latents = if what.kind == Kind::Ae { vec!["code"] } else { vec!["mu", "log_var"] };
        assert_eq!(names(&encoder.output), latents);
        assert_eq!(names(&encoder.input), if what.concatenated() > 0 { vec!["image", "label"] } else { vec!["image"] });
        assert_eq!(names(&decoder.input), if what.kind == Kind::Cvae { vec!["z", "label"] } else { vec!["z"] });
        let outputs = ["reconstruction", "log_var"];
        assert_eq!(names(&decoder.output), outputs[..if what.variance == Variance::None { 1 } else { 2 }]);
        for label in encoder.input.iter().chain(&decoder.input).filter(|value| value.name == "label") {
            assert_eq!(shape_of(label), (INT64, vec![batch.clone()]));
        }

        let image = case.images.mapv(f64::from).into_dyn();
        let label = Array1::from_iter(case.labels.iter().map(|&label| f64::from(label))).into_dyn();
        let given = HashMap::from([("image".to_string(), image), ("label".into(), label.clone())]);
        let found = execute(&encoder, given);
        let encoding = case.encode();
        assert_close(encoding.mean(), found[latents[0]].iter().copied(), latents[0]);
        if what.kind != Kind::Ae {
            assert_close(&encoding.log_var, found["log_var"].iter().copied(), "log_var");
        }
        let given = HashMap::from([("z".to_string(), found[latents[0]].clone()), ("label".into(), label)]);
        let restored = execute(&decoder, given);
        assert_close(&case.reconstruction(), restored["reconstruction"].iter().copied(), "reconstruction");
        if let Some(ours) = case.output_log_var(encoding.mean()) {
            assert_close(&ours, restored["log_var"].iter().copied(), "log_var of the outputs");
        }
    }
}

#[test]
fn log_var_is_bounded_as_the_model_bounds_it() {
    let model = Model::new(Kind::Vae, 4, [3], 2, 0);
    let mut params = model.initialise(0);
    let bias = params.iter_mut().find(|param| param.name == "log_var.bias").unwrap();
    bias.values = vec![1e3, -1e3];
    let graph = onnx::encoder(&model, &params).unwrap().graph.unwrap();
    let found = execute(&graph, HashMap::from([("image".to_string(), ArrayD::zeros(vec![1, 4]))]));
    assert_eq!(found["log_var"].iter().copied().collect::<Vec<_>>(), [20.0, -30.0]);
    let codec = Codec::new(&gpu(), &model, &params).unwrap();
    assert_eq!(codec.encode(&[0.0; 4], None).unwrap().log_var, [20.0, -30.0]);
}

#[test]
fn the_log_var_of_a_gaussian_is_bounded_as_the_likelihood_bounds_it() {
    for (variance, name) in [(Variance::Learned, "output_log_var"), (Variance::Decoded, "decoder.2.bias")] {
        let model = Model { variance, ..Model::new(Kind::Vae, 2, [3], 2, 0) };
        let mut params = model.initialise(0);
        let bias = params.iter_mut().find(|param| param.name == name).unwrap();
        let own = bias.values.len() - 2;
        bias.values[own..].copy_from_slice(&[1e3, -1e3]);
        let graph = onnx::decoder(&model, &params).unwrap().graph.unwrap();
        let found = execute(&graph, HashMap::from([("z".to_string(), ArrayD::zeros(vec![2, 2]))]));
        assert_eq!(found["log_var"].iter().copied().collect::<Vec<_>>(), [8.0, -8.0, 8.0, -8.0]);
    }
}

#[test]
fn every_mismatch_of_foreign_weights_is_named() {
    let dir = folder("foreign");
    let path = dir.join("theirs.safetensors");
    let ours = Model::new(Kind::Vae, 4, [3], 2, 0);
    let mut params = Model { kind: Kind::Ae, latent: 5, ..ours.clone() }.initialise(0);
    params[0].values[1] = f64::NAN;
    checkpoint::save_weights(&path, &params).unwrap();
    let error = checkpoint::load_weights(&path, &ours).unwrap_err().to_string();
    for part in [
        "theirs.safetensors",
        "encoder.0.weight has a value that is not finite",
        "encoder.2.weight is [5, 3], expected [2, 3]",
        "encoder.2.bias is [5], expected [2]",
        "mu.weight is missing",
        "log_var.bias is missing",
        "decoder.0.weight is [3, 5], expected [3, 2]",
    ] {
        assert!(error.contains(part), "{part:?} is not in {error:?}");
    }
    assert!(!error.contains('\n'), "{error:?} is one line");
    let error = checkpoint::load_weights(&path, &Model { kind: Kind::Ae, hidden: vec![3, 3], ..ours }).unwrap_err();
    assert!(error.to_string().contains("encoder.4.weight is missing"), "{error}");
}
