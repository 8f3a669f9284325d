//! Training shared out over processes by `mpirun`: `tests/run.sh mpi` installs MPI and builds with the feature `mpi`. In other builds
//! only what they say beside other processes is tested.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::text;
use std::process::{Command, Output};
use wgvae::peers::{Batching, Share};

#[test]
fn shares_are_all_rows_once_and_grow_with_them() {
    for count in 1..=9 {
        let mut last = vec![0; count];
        for rows in 0..60 {
            let shares: Vec<_> = (0..count).map(|rank| Share { rank, count }.of(rows)).collect();
            let all: Vec<usize> = shares.iter().flat_map(Clone::clone).collect();
            assert_eq!(all, (0..rows).collect::<Vec<_>>());
            let sizes: Vec<usize> = shares.iter().map(ExactSizeIterator::len).collect();
            assert!(sizes[0] - sizes[count - 1] <= 1, "{sizes:?}");
            assert!(sizes.iter().zip(&last).all(|(now, before)| now >= before), "{sizes:?} after {last:?}");
            last = sizes;
        }
    }
}

#[test]
fn batches_are_taken_once_each() {
    for (count, batch, of) in [(100, 32, 3), (97, 32, 4), (64, 32, 4), (3, 32, 4), (5, 3, 4)] {
        let mut seen = vec![0; count];
        for rank in 0..of {
            let batching = Batching { count, batch, share: Share { rank, count: of } };
            let own = (0..batching.steps()).flat_map(|entry| batching.positions(entry));
            let own: Vec<usize> = own.inspect(|&position| seen[position] += 1).collect();
            let whole = (0..batching.own_steps()).flat_map(|entry| batching.positions(entry));
            assert_eq!(own, whole.collect::<Vec<_>>(), "the steps of rank {rank} of {of} lack rows");
            assert_eq!(own.len(), batching.own_count(), "{batching:?}");
        }
        assert!(seen.iter().all(|&times| times == 1), "{count} rows in batches of {batch} for {of}: {seen:?}");
    }
}

/// The command as a launcher starts it as process `rank` of two, without a launcher.
fn one_of_two(rank: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
    command
        .args(["train", "vae", "--data", "glyphs", "--device", "cpu", "--out"])
        .arg(tiny::folder("lone").join("run"));
    command.env("PMI_SIZE", "2").env("PMI_RANK", rank).output().unwrap()
}

#[cfg(not(feature = "mpi"))]
#[test]
fn a_build_without_mpi_refuses_to_train_beside_others_in_one_line() {
    println!("skipped: training on several processes, in a build without the feature mpi; tests/run.sh mpi tests it");
    let [first, second] = ["0", "1"].map(one_of_two);
    assert_eq!((first.status.code(), second.status.code()), (Some(1), Some(0)));
    assert_eq!(text(&second.stderr), "");
    let said = text(&first.stderr);
    assert!(said.starts_with("error: mpirun: started 2 processes, and this build is without MPI"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[cfg(feature = "mpi")]
#[test]
fn another_librarys_launcher_is_refused() {
    let output = one_of_two("0");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("launch with its own mpirun"), "{said}");
}

#[cfg(feature = "mpi")]
mod together {
    use super::{command::text, tiny};
    use std::{
        fs,
        os::unix::fs::PermissionsExt,
        path::{Path, PathBuf},
        process::{Child, Command, Output, Stdio},
        thread::sleep,
        time::{Duration, Instant},
    };
    use wgvae::{
        data::glyphs,
        device::Device,
        model::{Kind, Loss, Objective, Param},
        peers::Joined,
        run::{Run, Settings, State, checkpoint},
        train::Trainer,
    };

    const WGVAE: &str = env!("CARGO_BIN_EXE_wgvae");

    /// `mpirun` for so many processes, as root or not, on however few cores.
    fn mpirun(ranks: usize) -> Command {
        let mut command = Command::new("mpirun");
        command.args(["--allow-run-as-root", "--oversubscribe", "-n", &ranks.to_string()]);
        command
    }

    /// `wgvae` in so many processes; one goes without `mpirun`.
    fn wgvae(ranks: usize) -> Command {
        match ranks {
            1 => Command::new(WGVAE),
            _ => {
                let mut command = mpirun(ranks);
                command.arg(WGVAE);
                command
            }
        }
    }

    fn succeed(mut command: Command) -> Output {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
        output
    }

    /// Trains on glyphs with these options in so many processes; the run.
    fn train(ranks: usize, options: &str, dir: &Path) -> Run {
        let mut command = wgvae(ranks);
        command
            .args(["train"])
            .args(options.split(' '))
            .args(["--data", "glyphs", "--test-limit", "70", "--out"])
            .arg(dir);
        succeed(command);
        Run::open(dir).unwrap()
    }

    fn state(run: &Run) -> State {
        let path = run.dir.join("checkpoint.safetensors");
        checkpoint::load_state(&path, &run.config.model, run.config.seed).unwrap().0
    }

    fn norm(values: impl Iterator<Item = f64>) -> f64 {
        values.map(|value| value * value).sum::<f64>().sqrt()
    }

    /// The largest ‖a − b‖ / ‖b − start‖ of a parameter.
    fn apart(a: &[Param], b: &[Param], start: &[Param]) -> f64 {
        let of = |(a, (b, start)): (&Param, (&Param, &Param))| {
            let change = norm(b.values.iter().zip(&start.values).map(|(b, start)| b - start));
            let difference = norm(a.values.iter().zip(&b.values).map(|(a, b)| a - b));
            if difference == 0.0 { 0.0 } else { difference / change }
        };
        a.iter().zip(b.iter().zip(start)).map(of).fold(0.0, f64::max)
    }

    /// How far a run in `ranks` processes is from one in a single process, by weights and by losses of the last epoch.
    fn compare(name: &str, ranks: usize, options: &str) -> [f64; 2] {
        let folder = tiny::folder(&format!("mpi-{name}-{ranks}"));
        let (one, many) = (train(1, options, &folder.join("one")), train(ranks, options, &folder.join("many")));
        let config = &one.config;
        let start = config.model.initialise_by(config.init_scheme, config.seed);
        let (theirs, ours) = (state(&one), state(&many));
        assert_eq!(theirs.step, ours.step);
        assert!(theirs.step >= 16, "{} steps are few", theirs.step);
        let weights = apart(&ours.params, &theirs.params, &start);
        let zero: Vec<Param> =
            start.iter().map(|param| Param { values: vec![0.0; param.values.len()], ..param.clone() }).collect();
        let moments = apart(&ours.first_moment, &theirs.first_moment, &zero).max(apart(
            &ours.second_moment,
            &theirs.second_moment,
            &zero,
        ));
        let [ours, theirs] = [&many, &one].map(|run| *run.metrics().unwrap().last().unwrap());
        let figures = |metrics: wgvae::run::Metrics| {
            [metrics.train, metrics.test].map(|figures| [figures.reconstruction, figures.kl, figures.loss]).concat()
        };
        let relative = figures(ours).into_iter().zip(figures(theirs)).map(|(a, b)| (a - b).abs() / b.abs().max(1.0));
        assert_eq!(ours.active_units, theirs.active_units, "{name}");
        let losses = relative.fold(0.0, f64::max);
        println!("{name}, {ranks} ranks: weights {weights:.1e}, moments {moments:.1e}, losses {losses:.1e} apart");
        [weights.max(moments), losses]
    }

    /// 400 rows: three batches of 128 and one of 16, so that three processes have uneven shares of either.
    const MODELS: [(&str, &str); 5] = [
        ("vae", "vae --hidden 24"),
        ("cvae", "cvae --hidden 24,16 --latent 5 --clip 5 --corrupt 0.3"),
        ("ae", "ae --hidden 24 --latent 5 --corrupt 0.2 --noise mask --activation tanh"),
        (
            "iwae",
            "vae --hidden 16 --latent 3 --objective iwae --samples 3 --loss bce --binarize epoch --activation tanh",
        ),
        (
            "gaussian",
            "cvae --hidden 24 --latent 3 --likelihood gaussian --condition concat --bottleneck direct --warm-up 1",
        ),
    ];

    #[test]
    fn ranks_on_the_oracle_are_one_to_1e_9() {
        for (name, options) in MODELS {
            let options = format!("{options} --device cpu --train-limit 400 --batch 128 --epochs 5");
            for ranks in [2, 3] {
                let [weights, losses] = compare(name, ranks, &options);
                assert!(weights <= 1e-9 && losses <= 1e-9, "{name}, {ranks} ranks: {weights:.1e}, {losses:.1e}");
            }
        }
    }

    /// Traces end within 1e-4 of the change of each tensor, and their losses are within 1e-5 (design.md §8).
    #[test]
    fn ranks_on_a_gpu_are_one_within_the_limits_of_traces() {
        for (name, options) in MODELS {
            let options = format!("{options} --device gpu --train-limit 400 --batch 128 --epochs 4");
            let [weights, losses] = compare(&format!("gpu-{name}"), 2, &options);
            assert!(weights <= 1e-4 && losses <= 1e-5, "{name}: {weights:.1e}, {losses:.1e}");
        }
    }

    #[test]
    fn ranks_stream_their_own_rows() {
        let options =
            "cvae --hidden 24 --latent 4 --device gpu --train-limit 1600 --batch 96 --epochs 1 --activation tanh";
        let folder = tiny::folder("mpi-streamed");
        let resident = train(3, options, &folder.join("resident"));
        let streamed = train(3, &format!("{options} --gpu-memory 1500KB"), &folder.join("streamed"));
        assert!(state(&streamed) == state(&resident), "streamed rows are others");
    }

    /// Training that takes a few seconds in two processes.
    const LONG: &str = "cvae --hidden 48 --device cpu --train-limit 1500 --batch 16 --epochs 4";

    fn long(dir: &Path) -> Command {
        let mut command = wgvae(2);
        command
            .args(["train"])
            .args(LONG.split(' '))
            .args(["--data", "glyphs", "--test-limit", "70", "--out"])
            .arg(dir);
        command
    }

    /// Starts the long run, and sends rank 1 a signal when the first epoch is done and the second under way.
    fn signal_rank_1(dir: &Path, signal: i32) -> Output {
        let mut child = long(dir).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        wait_for(&mut child, || {
            fs::read_to_string(dir.join("metrics.jsonl")).is_ok_and(|text| text.lines().count() == 1)
        });
        sleep(Duration::from_millis(200));
        let pid = process(dir, 1).expect("rank 1 runs");
        assert!(Command::new("kill").args([format!("-{signal}"), pid.to_string()]).status().unwrap().success());
        wait_for(&mut child, || process(dir, 0).is_none() && process(dir, 1).is_none());
        child.wait_with_output().unwrap()
    }

    fn wait_for(child: &mut Child, done: impl Fn() -> bool) {
        let start = Instant::now();
        while !done() {
            if start.elapsed() > Duration::from_secs(120) {
                child.kill().unwrap();
                panic!("the processes did not come so far in two minutes");
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// The process of a rank that trains in `dir`.
    fn process(dir: &Path, rank: usize) -> Option<u32> {
        let has = |path: PathBuf, word: &str| {
            let bytes = fs::read(path).unwrap_or_default();
            bytes.split(|&byte| byte == 0).any(|part| part == word.as_bytes())
        };
        let ranks = ["OMPI_COMM_WORLD_RANK", "PMI_RANK"].map(|name| format!("{name}={rank}"));
        let mut processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let found = processes.find(|path| {
            has(path.join("cmdline"), dir.to_str().unwrap()) && ranks.iter().any(|rank| has(path.join("environ"), rank))
        });
        found?.file_name()?.to_str()?.parse().ok()
    }

    fn bytes(dir: &Path) -> [Vec<u8>; 2] {
        ["model.safetensors", "checkpoint.safetensors"].map(|name| fs::read(dir.join(name)).unwrap())
    }

    /// Goes on with a run in two processes; its bytes.
    fn resumed(dir: &Path) -> [Vec<u8>; 2] {
        let mut command = wgvae(2);
        command.args(["train", "--resume"]).arg(dir);
        succeed(command);
        bytes(dir)
    }

    #[test]
    fn a_killed_rank_ends_all_and_a_stopped_one_stops_all() {
        let folder = tiny::folder("mpi-killed");
        succeed(long(&folder.join("straight")));
        let straight = bytes(&folder.join("straight"));

        let killed = folder.join("killed");
        assert!(!signal_rank_1(&killed, 9).status.success());
        let run = Run::open(&killed).unwrap();
        assert_eq!(state(&run).step % 94, 0, "the checkpoint is that of an epoch's end");
        assert!(state(&run).step < 4 * 94, "the run was not killed before its end");
        assert!(resumed(&killed) == straight, "a run whose rank 1 was killed goes on to other bytes");

        let stopped = folder.join("stopped");
        let output = signal_rank_1(&stopped, 15);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(143), "{said}");
        assert_eq!(said.matches("error: interrupted: after ").count(), 1, "{said}");
        assert_eq!(said.matches("error:").count(), 1, "{said}");
        assert!(state(&Run::open(&stopped).unwrap()).step < 4 * 94, "the run was not stopped before its end");
        assert!(resumed(&stopped) == straight, "a run that was stopped goes on to other bytes");
    }

    #[test]
    fn a_run_goes_on_with_another_number_of_ranks() {
        let folder = tiny::folder("mpi-resumed");
        let options = "vae --hidden 24 --device cpu --train-limit 400 --batch 128";
        let straight = train(1, &format!("{options} --epochs 6"), &folder.join("straight"));
        let run = folder.join("run");
        train(3, &format!("{options} --epochs 2"), &run);
        for (ranks, epochs) in [(1, "4"), (2, "6")] {
            let mut command = wgvae(ranks);
            command.args(["train", "--resume"]).arg(&run).args(["--epochs", epochs]);
            succeed(command);
        }
        let (ours, theirs) = (state(&Run::open(&run).unwrap()), state(&straight));
        let start = straight.config.model.initialise_by(straight.config.init_scheme, straight.config.seed);
        let apart = apart(&ours.params, &theirs.params, &start);
        assert!(
            ours.step == theirs.step && apart <= 1e-9,
            "steps {} and {}, {apart:.1e} apart",
            ours.step,
            theirs.step
        );
    }

    /// Asserts that a command in several processes fails with status 1 and this one error.
    fn refused(mut command: Command, words: &str) {
        let output = command.output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("error: ")).collect();
        assert!(errors.len() == 1 && errors[0].contains(words), "{said}");
    }

    #[test]
    fn what_all_ranks_refuse_is_told_once() {
        let folder = tiny::folder("mpi-refused");
        let options = |options: &str| {
            let mut command = wgvae(2);
            command
                .args(["train", "vae", "--device", "cpu"])
                .args(options.split(' '))
                .arg("--out")
                .arg(folder.join("run"));
            command
        };
        refused(options("--data glyphs --batch 1"), "--batch: is 1, and 2 processes train");
        refused(options("--data /nowhere"), "/nowhere");
        refused(options("--data glyphs --samples 0"), "--samples: is 0");
        assert!(!folder.join("run").exists(), "a refused run leaves a directory");
    }

    #[test]
    fn ranks_that_begin_otherwise_are_refused() {
        let folder = tiny::folder("mpi-otherwise");
        for (option, values, words) in [
            ("--lr", ["0.001", "0.002"], "the options of rank 1 differ"),
            ("--train-limit", ["64", "65"], "the data of rank 1 differ"),
        ] {
            let mut command = mpirun(1);
            for (rank, value) in values.iter().enumerate() {
                command.args(if rank == 0 { &[][..] } else { &[":", "-n", "1"] });
                command.args([
                    WGVAE, "train", "vae", "--device", "cpu", "--data", "glyphs", "--hidden", "8", option, value,
                ]);
                command.arg("--out").arg(folder.join("run"));
            }
            refused(command, words);
        }
    }

    /// Two host names of this kernel are two machines for MPI: its messages go through TCP, and adapters are counted from 0 on each.
    #[test]
    fn ranks_of_two_machines_are_one() {
        let folder = tiny::folder("mpi-machines");
        let (agent, here) =
            (folder.join("agent"), text(&Command::new("uname").arg("-n").output().unwrap().stdout).trim().to_string());
        fs::write(
            &agent,
            "#!/bin/bash\nhost=$1\nshift\nexec unshare --map-root-user --uts bash -c \"hostname $host; $*\"\n",
        )
        .unwrap();
        fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();
        let possible = Command::new("unshare").args(["--map-root-user", "--uts", "true"]).output();
        if !possible.is_ok_and(|output| output.status.success()) {
            println!("skipped: no second machine, because a process may have no host name of its own here");
            return;
        }
        let options = "cvae --hidden 24 --latent 4 --device gpu --train-limit 400 --batch 128 --epochs 4";
        let run = folder.join("far");
        let mut command = Command::new("mpirun");
        command.args(["--allow-run-as-root", "--oversubscribe", "-n", "3", "--mca", "plm_rsh_agent"]).arg(&agent);
        command.args(["--mca", "btl_tcp_if_include", "lo", "--mca", "oob_tcp_if_include", "lo"]);
        command.args(["--host", &format!("{here}:1,elsewhere:2")]);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("VK_") || name.starts_with("XDG_")) {
            command.args(["-x", &name]);
        }
        command.args([WGVAE, "train"]).args(options.split(' '));
        command.args(["--data", "glyphs", "--test-limit", "70", "--out"]).arg(&run);
        let said = text(&succeed(command).stderr).to_string();
        let line = said.lines().find(|line| line.starts_with("processes: 3,")).unwrap();
        let places: Vec<&str> = ["0 on adapter ", "1 on adapter ", "2 on adapter "]
            .map(|place| line.split(place).nth(1).unwrap_or_else(|| panic!("no {place}: {line}")))
            .iter()
            .map(|rest| rest.split(" (").next().unwrap())
            .collect();
        assert_eq!(places[0].split(" of ").nth(1), Some(&here[..]), "{line}");
        assert_eq!(
            places[1],
            places[0].replace(&here, "elsewhere"),
            "the first of each machine take the same adapter: {line}"
        );
        let near = train(3, options, &folder.join("near"));
        let start = near.config.model.initialise_by(near.config.init_scheme, near.config.seed);
        let apart = apart(&state(&Run::open(&run).unwrap()).params, &state(&near).params, &start);
        assert!(apart <= 1e-4, "three ranks on two machines are {apart:.1e} from three on one");
    }

    /// Runs `inside` of this test's program in two processes.
    #[test]
    fn trainers_of_two_ranks() {
        let program = std::env::current_exe().unwrap();
        let mut command = mpirun(2);
        command.arg(program).args(["--exact", "together::inside", "--ignored", "--nocapture"]);
        let output = succeed(command);
        assert_eq!(text(&output.stdout).matches("test result: ok. 1 passed").count(), 2, "{}", text(&output.stdout));
    }

    #[test]
    #[ignore = "is run by trainers_of_two_ranks in two processes"]
    fn inside() {
        let joined = Joined::join().unwrap();
        let (peers, data) = (joined.peers, glyphs::dataset(0, 100, 30));
        assert_eq!(peers.count(), 2);
        let mut settings = Settings::new(tiny::model(Kind::Vae), Objective::elbo(Loss::MSE_MEAN, 0.02));
        settings.batch = 32;

        // a loss that is averaged, beside a KL divergence that is not
        let mut together = Trainer::among(peers, &Device::Oracle, &settings, &data).unwrap();
        let mut alone = Trainer::new(&Device::Oracle, &settings, &data).unwrap();
        let start = alone.state().unwrap();
        for epoch in 0..5 {
            let [ours, theirs] = [&mut together, &mut alone].map(|trainer| trainer.train_epoch(epoch).unwrap());
            assert!((ours.reconstruction / theirs.reconstruction - 1.0).abs() < 1e-9, "{ours:?} {theirs:?}");
        }
        let [ours, theirs] = [&together, &alone].map(|trainer| trainer.state().unwrap());
        let apart = apart(&ours.params, &theirs.params, &start.params);
        assert!(apart < 1e-9, "{apart:.1e} apart");

        // one bit of one weight of one process
        peers.expect_same(ours.digest(), "the weights").unwrap();
        let mut other = ours;
        if peers.rank() == 1 {
            let value = &mut other.params[2].values[3];
            *value = f64::from_bits(value.to_bits() ^ 1);
        }
        together.restore(&other).unwrap();
        together.train_epoch(5).unwrap();
        let error = peers.expect_same(together.state().unwrap().digest(), "the weights").unwrap_err().to_string();
        assert_eq!(error, "the weights of rank 1 differ from those of rank 0");
    }
}
