//! Every reader on damaged files: each must be read or refused in one line, without a panic, in bounded memory and time.
//!
//! Files are made, mutated by a seeded generator and read: most through the library, some by the program itself, as a process
//! with limits of address space and time. `WGVAE_MINUTES=N cargo test --release --test mutated_inputs -- --nocapture` tries
//! each for so long, with `WGVAE_READERS=TEXT` those whose names hold the text; docs/reliability.md has the counts of such
//! runs. To add a reader, add an entry to `READERS`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "parquet")]
mod encoded;
mod mutate;
mod tiny;

use mutate::{Generator, Packing};
use ndarray::{Array1, Array2, Array3, Array4};
use ndarray_npy::write_npy;
use std::{
    fs,
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process::{Command, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};
use wgvae::{
    Result,
    data::{self, Content, Reading, Source, glyphs},
    gallery::{Quantity, curves},
    interop::npy,
    model::Color,
    run::{Run, checkpoint},
    verify::trace::{Limits, Trace, replay_oracle},
};

/// Rounds for each file, where no time is set.
const ROUNDS: usize = 3;
/// Mutants of a round that are read in this process; one more is read by the program.
const READ: usize = 100;
/// Address space of the program, in KiB.
const ADDRESSES: u64 = 4 << 20;
/// What one file may take.
const PATIENCE: Duration = Duration::from_secs(30);

struct Reader {
    name: &'static str,
    /// The file that is mutated, in the folder that [`make`] fills.
    file: &'static str,
    /// How a mutant is made to look whole, so that damage reaches what lies behind checksums and lengths.
    packing: Packing,
    read: fn(&Path) -> Result<()>,
    /// The program's arguments; `reset` stands for a copy of the run `vae`, made anew for each.
    command: &'static str,
}

fn open(path: &Path) -> Result<()> {
    data::open_whole(&Source::Path(path.to_path_buf()), None, &Reading::default(), &mut |_| ()).map(drop)
}

/// The same where what can be read in place is, and all of its rows.
fn open_in_place(path: &Path) -> Result<()> {
    let reading = Reading { on_disk_from: Some(0), ..Reading::default() };
    let content = data::open_whole(&Source::Path(path.to_path_buf()), None, &reading, &mut |_| ())?;
    let splits = match &content {
        Content::Whole(whole) => vec![&whole.images],
        Content::Divided(dataset) => vec![&dataset.train, &dataset.test],
    };
    splits.into_iter().for_each(|split| assert_eq!(split.images.rows().floats().len(), split.images.len()));
    Ok(())
}

/// The same with colours kept and pictures scaled.
fn open_in_colour(path: &Path) -> Result<()> {
    let reading = Reading { color: Some(Color::Rgb), size: Some([9, 14]), ..Reading::default() };
    data::open_whole(&Source::Path(path.to_path_buf()), None, &reading, &mut |_| ()).map(drop)
}

const READERS: &[Reader] = &[
    Reader {
        name: "PNG in colour, scaled",
        file: "colour/0.png",
        packing: Packing::Png,
        read: |dir| open_in_colour(&dir.join("colour")),
        command: "train vae --data colour --color rgb --size 14x9 --device cpu --epochs 1 --hidden 4 --latent 2 --out fresh",
    },
    Reader {
        name: ".npy in colour",
        file: "colour.npy",
        packing: Packing::Npy,
        read: |dir| open(&dir.join("colour.npy")),
        command: "train vae --data colour.npy --device cpu --epochs 1 --hidden 4 --latent 2 --out fresh",
    },
    Reader {
        name: ".npy in colour, in place",
        file: "colour.npy",
        packing: Packing::Npy,
        read: |dir| open_in_place(&dir.join("colour.npy")),
        command: "grid --data colour.npy -o x.png --force",
    },
    #[cfg(feature = "parquet")]
    Reader {
        name: "pictures in Parquet",
        file: "pictures.parquet",
        packing: Packing::None,
        read: |dir| open_in_colour(&dir.join("pictures.parquet")),
        command: "grid --data pictures.parquet --color rgb --size 14x9 -o x.png --force",
    },
    #[cfg(feature = "parquet")]
    Reader {
        name: "table in Parquet",
        file: "table.parquet",
        packing: Packing::None,
        read: |dir| open(&dir.join("table.parquet")),
        command: "train vae --data table.parquet --device cpu --epochs 1 --hidden 4 --latent 2 --out fresh",
    },
    Reader {
        name: "IDX images, in place",
        file: "idx/train-images-idx3-ubyte",
        packing: Packing::None,
        read: |dir| open_in_place(&dir.join("idx")),
        command: "train vae --data idx --device cpu --epochs 1 --hidden 4 --latent 2 --out fresh",
    },
    Reader {
        name: ".npy of uint8, in place",
        file: "bytes.npy",
        packing: Packing::Npy,
        read: |dir| open_in_place(&dir.join("bytes.npy")),
        command: "grid --data bytes.npy -o x.png --force",
    },
    Reader {
        name: ".npy of float16, in place",
        file: "half.npy",
        packing: Packing::Npy,
        read: |dir| open_in_place(&dir.join("half.npy")),
        command: "train vae --data half.npy --device cpu --epochs 1 --hidden 4 --latent 2 --out fresh",
    },
    Reader {
        name: "IDX images of float32",
        file: "idx-floats/t10k-images-idx3-ubyte",
        packing: Packing::None,
        read: |dir| open(&dir.join("idx-floats")),
        command: "train vae --data idx-floats --device cpu --epochs 1 --hidden 4 --latent 2 --out fresh",
    },
    Reader {
        name: "IDX images",
        file: "idx/train-images-idx3-ubyte",
        packing: Packing::None,
        read: |dir| open(&dir.join("idx")),
        command: "grid --data idx -o x.png --force",
    },
    Reader {
        name: "IDX labels",
        file: "idx/train-labels-idx1-ubyte",
        packing: Packing::None,
        read: |dir| open(&dir.join("idx")),
        command: "grid --data idx -o x.png --force",
    },
    Reader {
        name: "IDX images, gzip",
        file: "idx-gz/train-images-idx3-ubyte.gz",
        packing: Packing::Gzip,
        read: |dir| open(&dir.join("idx-gz")),
        command: "grid --data idx-gz -o x.png --force",
    },
    Reader {
        name: ".npy of uint8",
        file: "bytes.npy",
        packing: Packing::Npy,
        read: |dir| open(&dir.join("bytes.npy")),
        command: "encode vae --device cpu --data bytes.npy -o x.npy --force",
    },
    Reader {
        name: ".npy of float32",
        file: "floats.npy",
        packing: Packing::Npy,
        read: |dir| open(&dir.join("floats.npy")),
        command: "encode vae --device cpu --data floats.npy -o x.npy --force",
    },
    Reader {
        name: "latents",
        file: "latents.npy",
        packing: Packing::Npy,
        read: |dir| npy::read_latents(&dir.join("latents.npy"), 3).map(drop),
        command: "decode vae latents.npy --device cpu -o x.npy --force",
    },
    Reader {
        name: "labels",
        file: "labels.npy",
        packing: Packing::Npy,
        read: |dir| npy::read_labels(&dir.join("labels.npy"), 4).map(drop),
        command: "decode cvae latents.npy --labels labels.npy --device cpu -o x.npy --force",
    },
    Reader {
        name: "range of codes",
        file: "codes.range.npy",
        packing: Packing::Npy,
        read: |dir| npy::read_range(&dir.join("codes.range.npy"), 3).map(drop),
        command: "decode vae codes.npy --device cpu -o x.npy --force",
    },
    Reader {
        name: "CSV",
        file: "table.csv",
        packing: Packing::None,
        read: |dir| open(&dir.join("table.csv")),
        command: "grid --data table.csv -o x.png --force",
    },
    Reader {
        name: "TSV of real values",
        file: "real.tsv",
        packing: Packing::None,
        read: |dir| open(&dir.join("real.tsv")),
        command: "score table --device cpu --data real.tsv --draws 2",
    },
    Reader {
        name: ".npy of float16",
        file: "half.npy",
        packing: Packing::Npy,
        read: |dir| open(&dir.join("half.npy")),
        command: "train vae --data half.npy --device cpu --epochs 1 --hidden 4 --latent 2 --out fresh",
    },
    Reader {
        name: "labels in a .npy",
        file: "labels.npy",
        packing: Packing::Npy,
        read: |dir| {
            let labels = Some(dir.join("labels.npy").display().to_string());
            let reading = Reading { labels, ..Reading::default() };
            data::open_whole(&Source::Path(dir.join("bytes.npy")), None, &reading, &mut |_| ()).map(drop)
        },
        command: "encode vae --device cpu --data bytes.npy --labels labels.npy -o x.npy --force",
    },
    Reader {
        name: ".npz",
        file: "arrays.npz",
        packing: Packing::None,
        read: |dir| open(&dir.join("arrays.npz")),
        command: "encode vae --device cpu --data arrays.npz -o x.npy --force",
    },
    Reader {
        name: "PNG",
        file: "png/0.png",
        packing: Packing::Png,
        read: |dir| open(&dir.join("png")),
        command: "encode vae --device cpu --data png -o x.npy --force",
    },
    Reader {
        name: "JPEG",
        file: "jpeg/0.jpg",
        packing: Packing::None,
        read: |dir| open(&dir.join("jpeg")),
        command: "encode vae --device cpu --data jpeg -o x.npy --force",
    },
    Reader {
        name: "BMP",
        file: "bmp/0.bmp",
        packing: Packing::None,
        read: |dir| open(&dir.join("bmp")),
        command: "encode vae --device cpu --data bmp -o x.npy --force",
    },
    Reader {
        name: "model.safetensors",
        file: "cvae/model.safetensors",
        packing: Packing::Safetensors,
        read: |dir| Run::open(&dir.join("cvae"))?.weights().map(drop),
        command: "sample cvae --device cpu --count 2",
    },
    Reader {
        name: "weights of --init",
        file: "init.safetensors",
        packing: Packing::Safetensors,
        read: |dir| {
            let model = Run::open(&dir.join("vae"))?.config.model;
            checkpoint::load_weights(&dir.join("init.safetensors"), &model).map(drop)
        },
        command: "train vae --data glyphs --device cpu --train-limit 20 --test-limit 5 --hidden 8 --latent 3 --epochs 1 \
                  --init init.safetensors --out fresh",
    },
    Reader {
        name: "checkpoint.safetensors",
        file: "reset/checkpoint.safetensors",
        packing: Packing::Safetensors,
        read: |dir| {
            let config = Run::open(&dir.join("vae"))?.config;
            checkpoint::load_state(&dir.join("reset/checkpoint.safetensors"), &config.model, config.seed).map(drop)
        },
        command: "train --resume reset --device cpu --epochs 2",
    },
    Reader {
        name: "config.json",
        file: "reset/config.json",
        packing: Packing::None,
        read: |dir| Run::open(&dir.join("reset"))?.weights().map(drop),
        command: "encode reset --device cpu -o x.npy --force",
    },
    Reader {
        name: "metrics.jsonl",
        file: "reset/metrics.jsonl",
        packing: Packing::None,
        read: |dir| {
            let run = Run::open(&dir.join("reset"))?;
            for log in [false, true] {
                curves(std::slice::from_ref(&run), Quantity::Loss, log)?.to_image();
            }
            Ok(())
        },
        command: "curves reset",
    },
    Reader {
        name: "training trace",
        file: "trace.safetensors",
        packing: Packing::Safetensors,
        read: |dir| {
            let trace = Trace::load(&dir.join("trace.safetensors"))?;
            trace.compare(&replay_oracle(&trace)?, Limits::ORACLE).map(drop)
        },
        command: "verify --device cpu --trace trace.safetensors",
    },
];

/// Fills `dir` with a whole file for each reader.
fn make(dir: &Path) {
    let images = glyphs::split(0, 0, 4);
    let gray = images.images.bytes().unwrap();
    let idx = |rank: u8, sizes: &[u32], values: &[u8]| {
        [&[0, 0, 8, rank][..], &sizes.iter().flat_map(|size| size.to_be_bytes()).collect::<Vec<_>>(), values].concat()
    };
    let (pixels, labels) = (idx(3, &[4, 28, 28], gray), idx(1, &[4], images.labels.as_ref().unwrap()));
    for (folder, end) in [("idx", ""), ("idx-gz", ".gz")] {
        fs::create_dir(dir.join(folder)).unwrap();
        for split in ["train", "t10k"] {
            for (name, bytes) in [("images-idx3", &pixels), ("labels-idx1", &labels)] {
                let bytes = if end.is_empty() { bytes.clone() } else { mutate::gzip(bytes) };
                fs::write(dir.join(format!("{folder}/{split}-{name}-ubyte{end}")), bytes).unwrap();
            }
        }
    }
    fs::create_dir(dir.join("idx-floats")).unwrap();
    for split in ["train", "t10k"] {
        let values: Vec<u8> = (0..36).flat_map(|i| (0.5 * i as f32 - 7.0).to_be_bytes()).collect();
        let mut floats = idx(3, &[4, 3, 3], &values);
        floats[2] = 0x0d;
        fs::write(dir.join(format!("idx-floats/{split}-images-idx3-ubyte")), floats).unwrap();
    }
    let array = Array3::from_shape_vec((4, 28, 28), gray.to_vec()).unwrap();
    write_npy(dir.join("bytes.npy"), &array).unwrap();
    write_npy(dir.join("floats.npy"), &array.mapv(|byte| f32::from(byte) / 255.0)).unwrap();
    write_npy(dir.join("latents.npy"), &Array2::from_shape_fn((4, 3), |(i, j)| i as f32 - j as f32)).unwrap();
    write_npy(dir.join("labels.npy"), &Array1::from(vec![0_i64, 1, 2, 3])).unwrap();
    write_npy(dir.join("codes.npy"), &Array2::from_shape_fn((4, 3), |(i, j)| (60 * i + j) as u8)).unwrap();
    write_npy(dir.join("codes.range.npy"), &Array2::from_shape_fn((2, 3), |(i, j)| (4 * i + j) as f32 - 2.0)).unwrap();
    let rows = gray.chunks(196).enumerate().map(|(i, row)| {
        let cells: Vec<String> = row.iter().map(u8::to_string).collect();
        format!("{},{}\n", i % 10, cells.join(","))
    });
    let header = (0..196).map(|i| format!("p{i}")).collect::<Vec<_>>().join(",");
    fs::write(dir.join("table.csv"), format!("label,{header}\n{}", rows.collect::<String>())).unwrap();
    for (folder, end) in [("png", "png"), ("jpeg", "jpg"), ("bmp", "bmp")] {
        fs::create_dir(dir.join(folder)).unwrap();
        for (i, image) in gray.chunks(784).enumerate() {
            let image = image::GrayImage::from_raw(28, 28, image.to_vec()).unwrap();
            image.save(dir.join(format!("{folder}/{i}.{end}"))).unwrap();
        }
    }
    let colour = Array4::from_shape_fn((4, 5, 6, 3), |(i, y, x, c)| (60 * i + 12 * y + 2 * x + 5 * c) as u8);
    write_npy(dir.join("colour.npy"), &colour).unwrap();
    fs::create_dir(dir.join("colour")).unwrap();
    for (i, image) in colour.outer_iter().enumerate() {
        let image = image::RgbImage::from_raw(6, 5, image.iter().copied().collect()).unwrap();
        image.save(dir.join(format!("colour/{i}.png"))).unwrap();
    }
    #[cfg(feature = "parquet")]
    {
        let row = |i: u8| (Some(encoded::picture(9, i, image::ImageFormat::Png)), i.into(), None);
        encoded::write(&dir.join("pictures.parquet"), encoded::Layout::Struct, &[row(0), row(1), row(2), row(3)]);
        encoded::write_table(&dir.join("table.parquet"));
    }
    let row = |i: i32| format!("{i}.5\t{}\t{}e3\n", ["red", "blue"][(i % 2) as usize], i * i % 7);
    fs::write(dir.join("real.tsv"), format!("height\tlabel\tcost\n{}", (0..12).map(row).collect::<String>())).unwrap();
    write_npy(dir.join("half.npy"), &Array2::from_shape_fn((6, 3), |(i, j)| 0x3c00 + (100 * i + j) as u16)).unwrap();
    let half = fs::read(dir.join("half.npy")).unwrap();
    let at = half.windows(3).position(|word| word == b"<u2").unwrap();
    fs::write(dir.join("half.npy"), [&half[..at], b"<f2", &half[at + 3..]].concat()).unwrap();
    let mut archive = zip::ZipWriter::new(fs::File::create(dir.join("arrays.npz")).unwrap());
    for (name, method) in [("bytes", zip::CompressionMethod::Stored), ("labels", zip::CompressionMethod::Deflated)] {
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        archive.start_file(format!("{}.npy", if name == "bytes" { "x" } else { "y" }), options).unwrap();
        archive.write_all(&fs::read(dir.join(format!("{name}.npy"))).unwrap()).unwrap();
    }
    archive.finish().unwrap();
    let table = "train vae --data real.tsv --device cpu --hidden 4 --latent 2 --epochs 1 --out table";
    let made = Command::new(env!("CARGO_BIN_EXE_wgvae")).current_dir(dir).args(table.split(' ')).output();
    assert!(made.unwrap().status.success());
    for name in ["vae", "cvae"] {
        let options =
            "--data glyphs --device cpu --train-limit 20 --test-limit 5 --hidden 8 --latent 3 --epochs 1 --out";
        let options = options.split(' ').chain([name]);
        let made =
            Command::new(env!("CARGO_BIN_EXE_wgvae")).current_dir(dir).args(["train", name]).args(options).output();
        assert!(made.unwrap().status.success());
    }
    fs::copy(dir.join("vae/model.safetensors"), dir.join("init.safetensors")).unwrap();
    fs::copy("tests/fixtures/small-vae-bce.safetensors", dir.join("trace.safetensors")).unwrap();
    reset(dir);
}

/// Makes the run `reset` anew, and removes what a training began.
fn reset(dir: &Path) {
    for name in ["reset", "fresh"] {
        let _ = fs::remove_dir_all(dir.join(name));
    }
    fs::create_dir_all(dir.join("reset/images")).unwrap();
    for name in ["config.json", "metrics.jsonl", "model.safetensors", "checkpoint.safetensors"] {
        fs::copy(dir.join("vae").join(name), dir.join("reset").join(name)).unwrap();
    }
}

/// Whether the file was read; the error, why that is wrong.
fn in_process(reader: &Reader, dir: &Path, size: usize, panicked: &Mutex<String>) -> Result<bool, String> {
    let begun = Instant::now();
    let result = mutate::in_bounds(size, || catch_unwind(AssertUnwindSafe(|| (reader.read)(dir))))?;
    if begun.elapsed() > PATIENCE {
        return Err(format!("took {:?}", begun.elapsed()));
    }
    match result {
        Ok(Ok(())) => Ok(true),
        Ok(Err(error)) if !error.to_string().contains('\n') => Ok(false),
        Ok(Err(error)) => Err(format!("more than a line: {error}")),
        Err(_) => Err(format!("a panic: {}", panicked.lock().unwrap())),
    }
}

/// The same of the program.
fn as_process(reader: &Reader, dir: &Path) -> Result<bool, String> {
    let program = env!("CARGO_BIN_EXE_wgvae");
    let mut command = match cfg!(unix) {
        true => {
            let mut shell = Command::new("sh");
            // A system without this limit, such as macOS, runs the program all the same.
            shell.args(["-c", &format!("ulimit -v {ADDRESSES} 2>/dev/null; exec \"$0\" \"$@\""), program]);
            shell
        }
        false => Command::new(program),
    };
    let errors = fs::File::create(dir.join("errors")).unwrap();
    command.current_dir(dir).args(reader.command.split_whitespace()).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.stderr(errors).spawn().unwrap();
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if begun.elapsed() > PATIENCE => {
                child.kill().unwrap();
                child.wait().unwrap();
                return Err(format!("took over {PATIENCE:?}"));
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let text = String::from_utf8_lossy(&fs::read(dir.join("errors")).unwrap()).into_owned();
    let is_an_end = |line: &str| line.starts_with("error: ") || line.starts_with("hint: ");
    let errors = text.lines().filter(|line| line.starts_with("error: ")).count();
    match (status.code(), errors) {
        (Some(0), 0) => Ok(true),
        (Some(1), 1) if text.lines().last().is_some_and(is_an_end) => Ok(false),
        _ => Err(format!("{status}: {text}")),
    }
}

#[test]
fn a_damaged_file_is_read_or_refused_in_a_line() {
    let chosen = std::env::var("WGVAE_READERS").unwrap_or_default();
    let dir = tiny::folder(format!("mutated-inputs {chosen}").trim_end());
    make(&dir);
    let panicked: &Mutex<String> = Box::leak(Box::default());
    std::panic::set_hook(Box::new(|info| *panicked.lock().unwrap() = info.to_string()));
    let mut failures = Vec::new();
    println!("{:<24} {:>8} {:>8} {:>8} {:>8}", "mutants of", "read", "refused", "run", "refused");
    for (number, reader) in READERS.iter().enumerate().filter(|(_, reader)| reader.name.contains(&chosen)) {
        let path = dir.join(reader.file);
        let whole = fs::read(&path).unwrap();
        for whole in [in_process(reader, &dir, whole.len(), panicked), as_process(reader, &dir)] {
            if whole != Ok(true) {
                failures.push(format!("{}, whole: {whole:?}", reader.name));
            }
        }
        reset(&dir);
        let mut generator = Generator::new(number as u64);
        let mut counts = [[0_usize; 2]; 2]; // by this process and by the program: read, refused
        for (round, i) in mutate::rounds(ROUNDS).flat_map(|round| (0..=READ).map(move |i| (round, i))) {
            let by = usize::from(i == READ);
            if by == 1 {
                reset(&dir);
            }
            let mutant = generator.mutant(&whole, reader.packing);
            fs::write(&path, &mutant).unwrap();
            let outcome = match by {
                0 => in_process(reader, &dir, mutant.len(), panicked),
                _ => as_process(reader, &dir),
            };
            match outcome {
                Ok(read) => counts[by][usize::from(!read)] += 1,
                Err(problem) => {
                    let kept = dir.join(format!("failure-{}", failures.len()));
                    fs::write(&kept, &mutant).unwrap();
                    let name = reader.name;
                    failures
                        .push(format!("{name}, mutant {i} of round {round}, kept in {}: {problem}", kept.display()));
                }
            }
        }
        fs::write(&path, &whole).unwrap();
        reset(&dir);
        let [[a, b], [c, d]] = counts;
        println!("{:<24} {a:>8} {b:>8} {c:>8} {d:>8}", reader.name);
    }
    let _ = std::panic::take_hook();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}
