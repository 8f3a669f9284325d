fn main() {
    use std::sync::Arc;
    use wgvae::{
        data::*,
        gpu::{Choice, Gpu, Options},
        models::*,
        train::*,
    };
    for a in wgvae::gpu::adapters() {
        println!("{a:?}");
    }
    let t0 = std::time::Instant::now();
    let gpu = Arc::new(Gpu::open(&Choice::Best, Options::default()).unwrap());
    println!("open {:?}", t0.elapsed());
    let n = 6400;
    let images: Vec<u8> = (0..n * 784).map(|i: usize| if (i * 7919) % 97 > 80 { (i % 256) as u8 } else { 0 }).collect();
    let split = Split { images, labels: None, count: n };
    let data = Dataset {
        name: "x".into(),
        width: 28,
        height: 28,
        classes: 0,
        train: split.clone(),
        test: Split { images: split.images[..784 * 500].to_vec(), labels: None, count: 500 },
        hashes: Default::default(),
    };
    for batch in [32, 128, 1024] {
        let settings = Settings {
            model: Model { kind: Kind::Vae, input: 784, hidden: vec![256], latent: 8, classes: 0 },
            objective: Objective { loss: Loss::MseSum, beta: 3.0 },
            adam: Adam::default(),
            batch,
            seed: 0,
        };
        let t0 = std::time::Instant::now();
        let mut t = GpuTrainer::new(gpu.clone(), &settings, &data).unwrap();
        println!("new {:?} {}", t0.elapsed(), t.dispatches_per_step());
        for e in 0..3 {
            let t0 = std::time::Instant::now();
            let l = t.train_epoch(e, &mut |_| true).unwrap();
            println!("batch {batch} {:?} us/step {:.0}", l, t0.elapsed().as_secs_f64() * 1e6 / l.steps as f64);
        }
        println!("{:?}", t.evaluate().unwrap());
    }
}
