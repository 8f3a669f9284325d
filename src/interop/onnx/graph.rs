//! Encoder and decoder as ONNX graphs, in float32, the batch axis left to the caller.

use super::messages::*;
use crate::{
    Result,
    files::write_atomically,
    model::{Activation, Model, Param},
    oracle::reparameterize::{LOG_VAR_MAX, LOG_VAR_MIN},
};
use prost::Message;
use std::path::Path;

/// File names of [`export`].
pub const ENCODER: &str = "encoder.onnx";
/// The other.
pub const DECODER: &str = "decoder.onnx";

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

/// `image` float32 `[n, input]` in [0, 1] to `code` `[n, latent]`, and for a VAE or CVAE to `mu` and `log_var` instead.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) where the parameters are not the model's.
pub fn encoder(model: &Model, params: &[Param]) -> Result<ModelProto> {
    let mut graph = Graph::new("encoder", model, params)?;
    graph.input("image", FLOAT, Some(model.input), "images, 0 black to 1 white");
    let (depth, latent) = (model.hidden.len(), model.latent);
    let mut x = "image".to_string();
    for i in 0..=depth {
        let last = i == depth && !model.kind.is_variational();
        let layer = graph.linear(&format!("encoder.{}", 2 * i), &x, format!("encoder.{}", 2 * i));
        x = graph.activation(&layer, if last { "code".into() } else { format!("encoder.{}", 2 * i + 1) });
    }
    if !model.kind.is_variational() {
        graph.output("code", latent);
        return Ok(graph.finish());
    }
    graph.linear("mu", &x, "mu".into());
    let log_var = graph.linear("log_var", &x, "log_var.unbounded".into());
    let low = graph.scalar("log_var.min", LOG_VAR_MIN as f32);
    let high = graph.scalar("log_var.max", LOG_VAR_MAX as f32);
    graph.node("Clip", &[&log_var, &low, &high], "log_var".into());
    graph.output("mu", latent);
    graph.output("log_var", latent);
    Ok(graph.finish())
}

/// `z` float32 `[n, latent]` (an AE's code), for a CVAE also `label` int64 `[n]`, to `reconstruction` `[n, input]` in [0, 1].
///
/// # Errors
/// As [`encoder`].
pub fn decoder(model: &Model, params: &[Param]) -> Result<ModelProto> {
    let mut graph = Graph::new("decoder", model, params)?;
    let depth = model.hidden.len();
    graph.input("z", FLOAT, Some(model.latent), "latents");
    let mut x = "z".to_string();
    if model.kind.is_conditional() {
        graph.input("label", INT64, None, "classes, counted from 0");
        // A row of the transposed weight is what the layer makes of that label's onehot vector.
        let weight = graph.weight("label_projector.0.weight");
        let bias = graph.weight("label_projector.0.bias");
        let columns = graph.node("Transpose", &[&weight], "label_projector.columns".into());
        let column = graph.node("Gather", &[&columns, "label"], "label_projector.column".into());
        let sum = graph.node("Add", &[&column, &bias], "label_projector.0".into());
        let projection = graph.activation(&sum, "label_projector.1".into());
        x = graph.node("Add", &[&x, &projection], "decoder.input".into());
    }
    for i in 0..=depth {
        let layer = graph.linear(&format!("decoder.{}", 2 * i), &x, format!("decoder.{}", 2 * i));
        x = match i == depth {
            true => graph.node("Sigmoid", &[&layer], "reconstruction".into()),
            false => graph.activation(&layer, format!("decoder.{}", 2 * i + 1)),
        };
    }
    graph.output("reconstruction", model.input);
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

    /// `x · sigmoid(logit)`
    fn gated(&mut self, x: &str, logit: &str, result: String) -> String {
        let gate = self.node("Sigmoid", &[logit], format!("{result}.gate"));
        self.node("Mul", &[x, &gate], result)
    }

    /// A parameter as a constant of the graph.
    fn weight(&mut self, name: &str) -> String {
        let param = self.params.iter().find(|param| param.name == name).expect("a graph asks for its model's layers");
        let raw_data = param.values.iter().flat_map(|&value| (value as f32).to_le_bytes()).collect();
        let dims = param.shape.iter().map(|&size| size as i64).collect();
        self.graph.initializer.push(TensorProto { dims, data_type: FLOAT, name: name.into(), raw_data });
        name.into()
    }

    fn scalar(&mut self, name: &str, value: f32) -> String {
        let raw_data = value.to_le_bytes().to_vec();
        self.graph.initializer.push(TensorProto { dims: Vec::new(), data_type: FLOAT, name: name.into(), raw_data });
        name.into()
    }

    /// `x weightᵀ + bias`, the layer under its PyTorch name.
    fn linear(&mut self, layer: &str, x: &str, to: String) -> String {
        let weight = self.weight(&format!("{layer}.weight"));
        let bias = self.weight(&format!("{layer}.bias"));
        let product = self.node("Gemm", &[x, &weight, &bias], to);
        let transposed = AttributeProto { name: "transB".into(), i: Some(1), kind: ATTRIBUTE_INT };
        self.graph.node.last_mut().expect("pushed above").attribute.push(transposed);
        product
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
