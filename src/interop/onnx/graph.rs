//! Encoder and decoder as ONNX graphs, in float32, the batch axis left to the caller.

use super::messages::*;
use crate::{
    Result,
    files::write_atomically,
    model::{Activation, Condition, Model, OUTPUT_LOG_VAR, OUTPUT_LOG_VAR_MAX, Param, Variance},
    oracle::reparameterize::{LOG_VAR_MAX, LOG_VAR_MIN},
};
use prost::Message;
use std::path::Path;

/// File names of [`export`].
pub const ENCODER: &str = "encoder.onnx";
/// The other.
pub const DECODER: &str = "decoder.onnx";

/// The input of a label, of encoder and decoder.
const LABEL: &str = "label";

/// Every operator used is as it was in version 13, which runtimes since 2020 read; format 7 came with it.
const OPSET: i64 = 13;
const IR_VERSION: i64 = 7;

/// GELU's tanh form is `a · sigmoid(a (c₀ + c₁ a²))` with these c: 2 √(2/π), and 0.044715 times that.
const GELU_LOGIT: [f32; 2] = [1.595_769, 0.071_354_81];

/// Writes `encoder.onnx` and `decoder.onnx` to `folder`, which must exist.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) where the parameters are not the model's, [`Error::Io`](crate::Error::Io) naming the file.
pub fn export(folder: &Path, model: &Model, params: &[Param]) -> Result<()> {
    write_atomically(&folder.join(ENCODER), &encoder(model, params)?.encode_to_vec())?;
    write_atomically(&folder.join(DECODER), &decoder(model, params)?.encode_to_vec())
}

/// `image` float32 `[n, input]` in [0, 1], where the encoder is told the label also `label` int64 `[n]`, to `code` `[n, latent]`, and
/// for a VAE or CVAE to `mu` and `log_var` instead.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) where the parameters are not the model's.
pub fn encoder(model: &Model, params: &[Param]) -> Result<ModelProto> {
    let mut graph = Graph::new("encoder", model, params)?;
    graph.input("image", FLOAT, Some(model.input), "images, 0 black to 1 white");
    let latent = model.latent;
    let mut x = "image".to_string();
    if model.concatenated() > 0 {
        x = graph.with_label(&x, model.classes, "encoder.input");
    }
    for i in 0..model.hidden.len() {
        let layer = graph.linear(&format!("encoder.{}", 2 * i), &x, format!("encoder.{}", 2 * i));
        x = graph.activation(&layer, format!("encoder.{}", 2 * i + 1));
    }
    if model.has_code() {
        let layer = format!("encoder.{}", 2 * model.hidden.len());
        let code = "code".to_string();
        x = match model.code_activation() {
            Some(_) => {
                let sums = graph.linear(&layer, &x, layer.clone());
                graph.activation(&sums, code)
            }
            None => graph.linear(&layer, &x, code),
        };
    }
    if !model.kind.is_variational() {
        graph.output("code", latent);
        return Ok(graph.finish());
    }
    graph.linear("mu", &x, "mu".into());
    let log_var = graph.linear("log_var", &x, "log_var.unbounded".into());
    graph.clip(&log_var, [LOG_VAR_MIN, LOG_VAR_MAX], "log_var");
    graph.output("mu", latent);
    graph.output("log_var", latent);
    Ok(graph.finish())
}

/// `z` float32 `[n, latent]` (an AE's code), for a CVAE also `label` int64 `[n]`, to `reconstruction` `[n, input]` in [0, 1]; with a
/// Gaussian likelihood to its means, which no bounds hold, and to `log_var`, the log σ² of each, `[n, input]`.
///
/// # Errors
/// As [`encoder`].
pub fn decoder(model: &Model, params: &[Param]) -> Result<ModelProto> {
    let mut graph = Graph::new("decoder", model, params)?;
    graph.input("z", FLOAT, Some(model.latent), "latents");
    let mut x = "z".to_string();
    if model.kind.is_conditional() {
        x = graph.conditioned(&x, model);
    }
    for i in 0..model.hidden.len() {
        let layer = graph.linear(&format!("decoder.{}", 2 * i), &x, format!("decoder.{}", 2 * i));
        x = graph.activation(&layer, format!("decoder.{}", 2 * i + 1));
    }
    let last = format!("decoder.{}", 2 * model.hidden.len());
    let reconstruction = "reconstruction".to_string();
    let log_var = match model.variance {
        Variance::None => {
            let logits = graph.linear(&last, &x, last.clone());
            graph.node("Sigmoid", &[&logits], reconstruction);
            None
        }
        Variance::Learned => {
            let means = graph.linear(&last, &x, reconstruction);
            let learned = graph.weight(OUTPUT_LOG_VAR);
            let shape = graph.node("Shape", &[&means], "reconstruction.shape".into());
            Some(graph.node("Expand", &[&learned, &shape], "log_var.unbounded".into()))
        }
        Variance::Decoded => {
            let both = graph.linear(&last, &x, last.clone());
            Some(graph.split(&both, reconstruction, "log_var.unbounded".into()))
        }
    };
    graph.output("reconstruction", model.input);
    if let Some(log_var) = log_var {
        graph.clip(&log_var, [-OUTPUT_LOG_VAR_MAX, OUTPUT_LOG_VAR_MAX], "log_var");
        graph.output("log_var", model.input);
    }
    Ok(graph.finish())
}

/// A graph under construction.
struct Graph<'a> {
    graph: GraphProto,
    params: &'a [Param],
    description: String,
    activation: Activation,
}

impl<'a> Graph<'a> {
    fn new(name: &str, model: &Model, params: &'a [Param]) -> Result<Graph<'a>> {
        model.validate()?;
        model.expect(params)?;
        let widths: Vec<String> = model.hidden.iter().map(usize::to_string).collect();
        let kind = model.kind.name().to_uppercase();
        let description = format!("{name} of a {kind} {}-{}-{}", model.input, widths.join("-"), model.latent);
        Ok(Graph {
            graph: GraphProto { name: name.into(), ..GraphProto::default() },
            params,
            description,
            activation: model.activation,
        })
    }

    /// The model's activation of `x`: an operator of its name with a capital, as Relu, or where this version has none, several.
    fn activation(&mut self, x: &str, result: String) -> String {
        match self.activation {
            Activation::Silu => self.gated(x, x, result),
            Activation::Gelu => {
                let square = self.node("Mul", &[x, x], format!("{result}.square"));
                let [linear, cubic] = GELU_LOGIT.map(|value| self.scalar(&format!("{result}.{value}"), value));
                let scaled = self.node("Mul", &[&square, &cubic], format!("{result}.scaled"));
                let slope = self.node("Add", &[&scaled, &linear], format!("{result}.slope"));
                let logit = self.node("Mul", &[x, &slope], format!("{result}.logit"));
                self.gated(x, &logit, result)
            }
            activation => {
                let name = activation.name();
                self.node(&(name[..1].to_uppercase() + &name[1..]), &[x], result)
            }
        }
    }

    /// What the label, an input of the graph, makes of `z`.
    fn conditioned(&mut self, z: &str, model: &Model) -> String {
        let to = "decoder.input";
        if model.condition == Condition::Concat {
            return self.with_label(z, model.classes, to);
        }
        self.label();
        // A row of the transposed weight is what the layer makes of that label's onehot vector.
        let weight = self.weight("label_projector.0.weight");
        let bias = self.weight("label_projector.0.bias");
        let columns = self.node("Transpose", &[&weight], "label_projector.columns".into());
        let column = self.node("Gather", &[&columns, LABEL], "label_projector.column".into());
        let sums = self.node("Add", &[&column, &bias], "label_projector.0".into());
        let projection = self.activation(&sums, "label_projector.1".into());
        match model.condition {
            Condition::Multiply => self.node("Mul", &[z, &projection], to.into()),
            Condition::Mean => {
                let sum = self.node("Add", &[z, &projection], "decoder.input.sum".into());
                let half = self.scalar("decoder.input.half", 0.5);
                self.node("Mul", &[&sum, &half], to.into())
            }
            Condition::Add | Condition::Concat => self.node("Add", &[z, &projection], to.into()),
        }
    }

    /// `x` and behind it the onehot vector of the label, an input of the graph. The vector is a row of an identity matrix: runtimes refuse
    /// a label that is no class when they gather it, where the operator OneHot would give zeros.
    fn with_label(&mut self, x: &str, classes: usize, to: &str) -> String {
        self.label();
        let identity = (0..classes * classes).map(|i| if i / classes == i % classes { 1.0 } else { 0.0 });
        let rows = self.constant("label.rows", &[classes, classes], identity);
        let onehot = self.node("Gather", &[&rows, LABEL], "label.onehot".into());
        let joined = self.node("Concat", &[x, &onehot], to.into());
        self.attribute("axis", 1);
        joined
    }

    fn label(&mut self) {
        self.input(LABEL, INT64, None, "classes, counted from 0");
    }

    fn clip(&mut self, x: &str, [low, high]: [f64; 2], to: &str) {
        let low = self.scalar(&format!("{to}.min"), low as f32);
        let high = self.scalar(&format!("{to}.max"), high as f32);
        self.node("Clip", &[x, &low, &high], to.into());
    }

    /// `x · sigmoid(logit)`
    fn gated(&mut self, x: &str, logit: &str, result: String) -> String {
        let gate = self.node("Sigmoid", &[logit], format!("{result}.gate"));
        self.node("Mul", &[x, &gate], result)
    }

    /// A parameter as a constant of the graph.
    fn weight(&mut self, name: &str) -> String {
        let param = self.params.iter().find(|param| param.name == name).expect("a graph asks for its model's layers");
        self.constant(name, &param.shape, param.values.iter().map(|&value| value as f32))
    }

    fn scalar(&mut self, name: &str, value: f32) -> String {
        self.constant(name, &[], [value])
    }

    fn constant(&mut self, name: &str, shape: &[usize], values: impl IntoIterator<Item = f32>) -> String {
        let raw_data = values.into_iter().flat_map(f32::to_le_bytes).collect();
        let dims = shape.iter().map(|&size| size as i64).collect();
        self.graph.initializer.push(TensorProto { dims, data_type: FLOAT, name: name.into(), raw_data });
        name.into()
    }

    /// `x weightᵀ + bias`, the layer under its PyTorch name.
    fn linear(&mut self, layer: &str, x: &str, to: String) -> String {
        let weight = self.weight(&format!("{layer}.weight"));
        let bias = self.weight(&format!("{layer}.bias"));
        let product = self.node("Gemm", &[x, &weight, &bias], to);
        self.attribute("transB", 1);
        product
    }

    /// The columns of `x` in two halves; gives the name of the second.
    fn split(&mut self, x: &str, first: String, second: String) -> String {
        self.node("Split", &[x], first);
        self.attribute("axis", 1);
        self.graph.node.last_mut().expect("pushed above").output.push(second.clone());
        second
    }

    /// Gives the last node an attribute.
    fn attribute(&mut self, name: &str, value: i64) {
        let attribute = AttributeProto { name: name.into(), i: Some(value), kind: ATTRIBUTE_INT };
        self.graph.node.last_mut().expect("a node was pushed").attribute.push(attribute);
    }

    fn node(&mut self, op_type: &str, input: &[&str], to: String) -> String {
        self.graph.node.push(NodeProto {
            input: input.iter().map(|&name| name.into()).collect(),
            output: vec![to.clone()],
            name: to.clone(),
            op_type: op_type.into(),
            attribute: Vec::new(),
        });
        to
    }

    fn input(&mut self, name: &str, elem_type: i32, width: Option<usize>, doc_string: &str) {
        self.graph.input.push(ValueInfoProto { doc_string: doc_string.into(), ..value(name, elem_type, width) });
    }

    fn output(&mut self, name: &str, width: usize) {
        self.graph.output.push(value(name, FLOAT, Some(width)));
    }

    fn finish(self) -> ModelProto {
        ModelProto {
            ir_version: IR_VERSION,
            producer_name: env!("CARGO_PKG_NAME").into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            doc_string: self.description,
            graph: Some(self.graph),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        }
    }
}

/// `[n, width]`, or `[n]`.
fn value(name: &str, elem_type: i32, width: Option<usize>) -> ValueInfoProto {
    let mut dim = vec![DimensionProto { dim_param: Some("n".into()), dim_value: None }];
    dim.extend(width.map(|width| DimensionProto { dim_value: Some(width as i64), dim_param: None }));
    let tensor = TensorTypeProto { elem_type, shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto { name: name.into(), kind: Some(TypeProto { tensor_type: Some(tensor) }), doc_string: String::new() }
}
