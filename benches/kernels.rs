fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
fn main() {
    use wgvae::{
        gpu::*,
        kernels::{update::Epilogue, *},
        models::*,
    };
    let gpu = Gpu::open(&Choice::Best, Options { checked: std::env::var("CHECKED").is_ok() }).unwrap();
    let batch: usize = std::env::var("B").map(|b| b.parse().unwrap()).unwrap_or(32);
    let model = Model { kind: Kind::Vae, input: 784, hidden: vec![256], latent: 8, classes: 0 };
    let net = Network::new(&model, batch);
    let (program, table) =
        step::training(&net, &Objective { loss: Loss::MseSum, beta: 3.0 }, Format::U8, Epilogue::Adam).unwrap();
    let mut m = Memory::default();
    m.upload(&gpu, Role::Params, bytemuck::cast_slice(&net.pack(&model.initialise(0)).unwrap())).unwrap();
    m.create(&gpu, Role::FirstMoment, net.param_bytes()).unwrap();
    m.create(&gpu, Role::SecondMoment, net.param_bytes()).unwrap();
    m.upload(&gpu, Role::Layers, bytemuck::cast_slice(&table)).unwrap();
    m.create(&gpu, Role::Activations, net.activation_bytes()).unwrap();
    m.create(&gpu, Role::Signals, net.signal_bytes()).unwrap();
    m.upload(&gpu, Role::Images, &vec![7u8; 784 * batch]).unwrap();
    m.upload(&gpu, Role::Order, bytemuck::cast_slice(&(0..batch as u32).collect::<Vec<_>>())).unwrap();
    m.upload(&gpu, Role::Labels, &[0; 16]).unwrap();
    m.create(&gpu, Role::Noise, (4 * batch * 8) as u64).unwrap();
    m.create(&gpu, Role::Partials, 4 * net.partials.stride as u64).unwrap();
    let batches = Batches::new(&gpu, 1);
    batches.write(
        &gpu,
        &[Batch {
            rows: batch as u32,
            step_size: 1e-3,
            correction: 1.0,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            ..Batch::default()
        }],
    );
    let filter = std::env::args().nth(1).unwrap_or_default();
    for d in &program.dispatches {
        if !d.spec.name.contains(&filter) {
            continue;
        }
        let p = Program { dispatches: vec![d.clone()] };
        let prepared = gpu.prepare(&p, &m).unwrap();
        let run = |n: usize| {
            let parts: Vec<Part> = (0..n).map(|_| Part::Step(&prepared, 0)).collect();
            let (t, c) = (std::time::Instant::now(), cpu());
            gpu.submit(&batches, &parts, None);
            gpu.wait("x").unwrap();
            (t.elapsed().as_secs_f64() / n as f64 * 1e6, (cpu() - c) / n as f64 * 1e6)
        };
        let (first, _) = run(1);
        run(3);
        let n = ((300_000.0 / run(3).0) as usize).clamp(3, 3000);
        let (w, c) = run(n);
        println!("{:30} groups {:?} first {:8.0} wall {:9.0} us  cpu {:9.0} us", d.spec.name, d.groups, first, w, c);
    }
}
