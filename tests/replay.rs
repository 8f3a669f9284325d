use wgvae::{
    check::{replay::replay_gpu, trace::*},
    gpu::*,
};
#[test]
fn gpu() {
    let gpu = Gpu::open(&Choice::Best, Options::default()).unwrap();
    let mut files: Vec<_> = std::env::var("TRACES")
        .unwrap_or("tests/fixtures".into())
        .split(',')
        .flat_map(|d| std::fs::read_dir(d).unwrap())
        .map(|f| f.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "safetensors"))
        .collect();
    files.sort();
    for f in files {
        let t = Trace::load(&f).unwrap();
        let r = replay_gpu(&gpu, &t).unwrap();
        let q = t.compare(&r, Limits::F32).unwrap();
        let worst =
            q.iter().max_by(|a, b| (a.relative_error / a.limit).total_cmp(&(b.relative_error / b.limit))).unwrap();
        println!("{} {:?}", f.display(), worst);
        for q in q.iter().filter(|q| !q.ok()) {
            println!("   BAD {q:?}");
        }
    }
}
