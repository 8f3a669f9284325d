//! Tables: what is read of them, how columns are scaled, and what is said of what cannot be read.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};
use wgvae::{
    data::{self, Content, Dataset, Missing, Options, Reading, Scale, Source, Whole},
    model::Values,
};

/// Ten rows of two measures, a name and an amount.
const FLOWERS: &str = "height,kind,\"width, mm\",price\n\
    1.5,rose,30,-1\n2.5,tulip,31,-1\n3.5,rose,29,-1\n4.5,rose,28,-1\n5.5,lily,33,-1\n\
    6.5,lily,35,-1\n7.5,rose,30,-1\n8.5,tulip,30,-1\n9.5,rose,30,-1\n10.5,rose,30,-1\n";

fn write(dir: &Path, name: &str, text: &str) -> Source {
    fs::write(dir.join(name), text).unwrap();
    Source::Path(dir.join(name))
}

fn opened(source: &Source, reading: &Reading) -> wgvae::Result<(Dataset, String)> {
    let (options, mut line) = (Options { reading: reading.clone(), ..Options::default() }, String::new());
    let data = data::open(source, None, &options, &mut |text| line = text.into())?;
    Ok((data, line))
}

fn whole(source: &Source, reading: &Reading) -> wgvae::Result<(Whole, String)> {
    let mut line = String::new();
    match data::open_whole(source, None, reading, &mut |text| line = text.into())? {
        Content::Whole(whole) => Ok((whole, line)),
        Content::Divided(_) => panic!("a table is whole"),
    }
}

/// The error of a text as a CSV file.
fn refused(text: &str, reading: &Reading) -> String {
    let dir = tempfile::tempdir().unwrap();
    whole(&write(dir.path(), "x.csv", text), reading).unwrap_err().to_string()
}

fn floats(values: &Values) -> &[f32] {
    match values {
        Values::Floats(floats) => floats,
        Values::Bytes(_) | Values::OnDisk(_) => panic!("not values in memory"),
    }
}

fn flowers() -> Reading {
    Reading { labels: Some("kind".into()), ..Reading::default() }
}

#[test]
fn columns_are_scaled_by_the_training_rows_and_the_scale_is_undone() {
    let dir = tempfile::tempdir().unwrap();
    let source = write(dir.path(), "x.csv", FLOWERS);
    for scale in Scale::ALL {
        let (data, line) = opened(&source, &Reading { scale: Some(scale), ..flowers() }).unwrap();
        let recipe = data.table.clone().unwrap();
        assert_eq!(recipe.columns, ["height", "width, mm", "price"]);
        assert_eq!((data.train.count, data.test.count, data.width, data.height), (9, 1, 3, 1));
        assert!(line.contains("column price is constant, and kept"), "{line}");
        for (split, column) in [(&data.train, 0), (&data.train, 1), (&data.test, 0)] {
            let seen: Vec<f64> = floats(&split.images).iter().skip(column).step_by(3).map(|&x| x.into()).collect();
            let undone: Vec<f64> = recipe.undo(floats(&split.images)).into_iter().skip(column).step_by(3).collect();
            for (row, value) in undone.iter().enumerate() {
                let line: usize = split.names.of(row).strip_prefix("line ").unwrap().parse().unwrap();
                let expected = if column == 0 {
                    line as f64 - 0.5
                } else {
                    [30, 31, 29, 28, 33, 35, 30, 30, 30, 30][line - 2].into()
                };
                assert!((value - expected).abs() < 1e-5, "{scale:?}: {value} {expected}");
            }
            if split.count > 1 {
                let mean = seen.iter().sum::<f64>() / 9.0;
                let variance = seen.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 9.0;
                let (least, greatest) = seen.iter().fold((f64::MAX, f64::MIN), |(a, b), &x| (a.min(x), b.max(x)));
                match scale {
                    Scale::Standard => assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-5, "{mean} {variance}"),
                    Scale::Unit => assert_eq!((least, greatest), (0.0, 1.0)),
                    Scale::None => assert_eq!(seen, undone),
                }
            }
        }
        let constant = floats(&data.train.images)[2];
        assert_eq!(constant, if scale == Scale::None { -1.0 } else { 0.0 });
    }
}

#[test]
fn labels_are_classes_by_name_unless_they_are_numbers_of_classes() {
    let dir = tempfile::tempdir().unwrap();
    let (all, line) = whole(&write(dir.path(), "x.csv", FLOWERS), &flowers()).unwrap();
    assert_eq!((all.class_names, all.classes), (vec!["lily".into(), "rose".into(), "tulip".into()], 3));
    assert_eq!(all.images.labels.unwrap(), [1, 2, 1, 1, 0, 0, 1, 2, 1, 1]);
    assert!(line.contains("10 rows of 3 columns, 3 classes (lily, rose, tulip)"), "{line}");

    let numbers = write(dir.path(), "n.csv", "label,x\n3,0.5\n0,-1\n1,7\n");
    let (all, _) = whole(&numbers, &Reading::default()).unwrap();
    assert_eq!((all.class_names.len(), all.classes, all.images.labels.unwrap()), (0, 4, vec![3, 0, 1]));
    let signed = write(dir.path(), "s.csv", "label,x\n10,0.5\n-1,-1\n9,7\n");
    let (all, _) = whole(&signed, &Reading::default()).unwrap();
    assert_eq!(
        (all.class_names, all.images.labels.unwrap()),
        (vec!["-1".into(), "9".into(), "10".into()], vec![2, 0, 1])
    );

    // a run's classes keep their numbers, and new ones come behind them
    let known = Reading { class_names: vec!["tulip".into(), "rose".into()], ..flowers() };
    let (all, _) = whole(&write(dir.path(), "x.csv", FLOWERS), &known).unwrap();
    assert_eq!(
        (all.class_names.join(" "), all.images.labels.unwrap()[..5].to_vec()),
        ("tulip rose lily".into(), vec![1, 0, 1, 1, 2])
    );
}

#[test]
fn columns_are_chosen_by_name_and_a_run_finds_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let source = write(dir.path(), "x.csv", FLOWERS);
    let columns = |columns: &[&str], except: &[&str]| Reading {
        columns: columns.iter().map(|name| name.to_string()).collect(),
        except: except.iter().map(|name| name.to_string()).collect(),
        ..Reading::default()
    };
    let (chosen, _) = whole(&source, &columns(&["price", "height"], &[])).unwrap();
    assert_eq!(chosen.table.as_ref().unwrap().columns, ["price", "height"]);
    assert_eq!(chosen.images.labels, None);
    let (left, _) = whole(&source, &columns(&[], &["kind", "price"])).unwrap();
    assert_eq!(left.table.unwrap().columns, ["height", "width, mm"]);

    // by a run's recipe, from a file with other columns in another order
    let other = write(dir.path(), "y.csv", "extra,height,price\n1,2.5,3\n1,1.5,-1\n");
    let run = Reading { recipe: chosen.table.clone(), ..Reading::default() };
    let (rows, _) = whole(&other, &run).unwrap();
    assert_eq!(
        floats(&rows.images.images)[..4],
        [4.0, floats(&chosen.images.images)[3], 0.0, floats(&chosen.images.images)[1]]
    );
    let lacking = write(dir.path(), "z.csv", "extra,height\n1,2.5\n");
    let error = whole(&lacking, &run).unwrap_err().to_string();
    assert!(error.ends_with("z.csv: the run names price, which is none of its columns: extra, height"), "{error}");

    let error = refused(FLOWERS, &columns(&["hight"], &[]));
    assert!(
        error.contains("--columns names hight, which is none of its columns: height, kind, width, mm, price"),
        "{error}"
    );
    let error = refused("x,y,x\n1.5,2,3\n", &columns(&["x"], &[]));
    assert!(error.contains("two columns are called x"), "{error}");
    let error = refused("x,y,x\n1.5,2,3\n", &Reading::default());
    assert!(error.contains("two columns are called x, and new rows are found by name"), "{error}");
    let both = Reading { labels: Some("height".into()), ..columns(&["height"], &[]) };
    assert!(refused(FLOWERS, &both).contains("column height is asked for as labels and as a value"));
}

#[test]
fn separators_and_decimal_commas_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let expected = whole(&write(dir.path(), "x.csv", FLOWERS), &flowers()).unwrap().0.images;
    let cells = FLOWERS.replace("\"width, mm\"", "width");
    for (name, text) in [
        ("t.tsv", cells.replace(',', "\t")),
        ("t.csv", cells.replace(',', "\t")),
        ("s.csv", cells.replace(',', ";")),
        ("d.csv", cells.replace(',', ";").replace('.', ",")),
        ("b.csv", cells.replace(',', "|")),
        ("q.csv", cells.replace("rose", "\"rose\"").replace("1.5", "\"1.5\"")),
    ] {
        let found = whole(&write(dir.path(), name, &text), &flowers()).unwrap().0.images;
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn missing_values_are_refused_by_row_and_column_or_dealt_with() {
    let text = "a,b\n1.5,7\n2.5,NA\n,inf\n3.5,8\n";
    let error = refused(text, &Reading::default());
    let expected =
        "line 3, column b: the value is missing (3 such values in 2 of 4 rows): give --missing mean or --missing drop";
    assert!(error.ends_with(expected), "{error}");
    assert!(refused("a,b\n1.5,inf\n", &Reading::default()).contains("line 2, column b: the value is infinite"));

    let dir = tempfile::tempdir().unwrap();
    let source = write(dir.path(), "x.csv", text);
    let none = |missing| Reading { missing, scale: Some(Scale::None), ..Reading::default() };
    let (mean, line) = whole(&source, &none(Missing::Mean)).unwrap();
    assert_eq!(floats(&mean.images.images), [1.5, 7.0, 2.5, 7.5, 2.5, 7.5, 3.5, 8.0]);
    assert!(line.contains("the column's mean stands in for 3 such values in 2 of 4 rows"), "{line}");
    let (drop, line) = whole(&source, &none(Missing::Drop)).unwrap();
    assert_eq!(floats(&drop.images.images), [1.5, 7.0, 3.5, 8.0]);
    assert_eq!([0, 1].map(|row| drop.images.names.of(row)), ["line 2", "line 5"]);
    assert!(line.contains("2 rows without all values left out (line 3 the first)"), "{line}");
    let all = Reading { missing: Missing::Drop, ..Reading::default() };
    assert!(refused("a,b\n1.5,\n", &all).contains("every row lacks a value"));
    let mean = Reading { missing: Missing::Mean, ..Reading::default() };
    assert!(refused("a,b\n,1.5\n,2\n", &mean).contains("column a has no value in the training rows"));
}

#[test]
fn columns_of_text_and_wrong_cells_are_named() {
    let error = refused(FLOWERS, &Reading::default());
    let expected = "column kind hold text (\"rose\" in line 2): leave it out with --except kind, or name the one of labels with --labels";
    assert!(error.ends_with(expected), "{error}");
    let two = refused("x,a,b\n1.5,u,v\n2,w,7\n3,w,z\n", &Reading::default());
    assert!(two.contains("columns a, b hold text (\"u\" in line 2): leave them out with --except a,b"), "{two}");
    let cell = refused("x,a\n1.5,u\n2,7\n3,8\n", &Reading::default());
    assert!(cell.ends_with("line 2, column a: \"u\", expected a number"), "{cell}");
    let error = refused("height,\"kind\nof plant\"\n1,rose\n2,lily\n", &Reading::default());
    assert!(
        error.contains(r"kind\nof plant") && !error.contains('\n'),
        "a name with a line break is one line: {error}"
    );
}

#[test]
fn images_and_tables_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let plain = Reading::default();
    for (text, is_table) in [
        ("0,0.5\n1,0.25\n", false),
        ("0,255\n7,3\n", false),
        ("0,256\n7,3\n", true),
        ("0,-1\n7,3\n", true),
        ("0.5,255\n7,3\n", true),
        ("pixel0,pixel1\n0,255\n7,3\n", false),
        ("age,height\n0,255\n7,3\n", true),
    ] {
        let found = whole(&write(dir.path(), "x.csv", text), &plain).unwrap().0;
        assert_eq!(found.table.is_some(), is_table, "{text:?}");
        let told = Reading { scale: Some(Scale::None), ..Reading::default() };
        assert!(whole(&write(dir.path(), "x.csv", text), &told).unwrap().0.table.is_some(), "{text:?}");
    }
    for source in [Source::Glyphs, Source::Mnist] {
        let told = Reading { scale: Some(Scale::Unit), ..Reading::default() };
        let error = opened(&source, &told).unwrap_err().to_string();
        assert_eq!(error, "--scale: is for the columns of a table, and these data are images");
    }
}

#[test]
fn arrays_of_every_type_of_number_are_tables() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    let reading = Reading { scale: Some(Scale::None), ..Reading::default() };
    let expect = |expected: &[f32], what: &str| {
        let (found, line) = whole(&Source::Path(path.clone()), &reading).unwrap();
        assert_eq!((floats(&found.images.images), found.width), (expected, 2), "{what}");
        assert!(line.contains(&format!("{what} array [2, 2]")), "{line}");
    };
    macro_rules! each {
        ($($number:ty, $name:literal, $values:expr;)*) => {$(
            let values: [$number; 4] = $values;
            ndarray_npy::write_npy(&path, &ndarray::arr2(&[[values[0], values[1]], [values[2], values[3]]])).unwrap();
            expect(&values.map(|value| value as f32), $name);
        )*};
    }
    each! {
        f32, "float32", [0.5, -7.25, 1e20, 3.0];
        f64, "float64", [0.5, -7.25, 1e20, 3.0];
        i8, "int8", [-128, 127, 0, 1];
        u8, "uint8", [255, 127, 0, 1];
        i16, "int16", [-30000, 127, 0, 1];
        u16, "uint16", [60000, 127, 0, 1];
        i32, "int32", [-70000, 127, 0, 1];
        u32, "uint32", [70000, 127, 0, 1];
        i64, "int64", [-70000, 127, 0, 1];
        u64, "uint64", [70000, 127, 0, 1];
    }
    ndarray_npy::write_npy(&path, &ndarray::arr2(&[[true, false], [false, true]])).unwrap();
    expect(&[1.0, 0.0, 0.0, 1.0], "bool");

    // float16, which the crate does not write: 1.5, -2, 65504 and the least number above 0
    ndarray_npy::write_npy(&path, &ndarray::arr2(&[[0x3e00_u16, 0xc000], [0x7bff, 0x0001]])).unwrap();
    let bytes = fs::read(&path).unwrap();
    let at = bytes.windows(3).position(|word| word == b"<u2").unwrap();
    fs::write(&path, [&bytes[..at], b"<f2", &bytes[at + 3..]].concat()).unwrap();
    expect(&[1.5, -2.0, 65504.0, 5.960_464_5e-8], "float16");

    ndarray_npy::write_npy(&path, &ndarray::arr2(&[[1_u8, 2], [3, 4]])).unwrap();
    let bytes = fs::read(&path).unwrap();
    let at = bytes.windows(3).position(|word| word == b"|u1").unwrap();
    fs::write(&path, [&bytes[..at], b"|S1", &bytes[at + 3..]].concat()).unwrap();
    let error = whole(&Source::Path(path.clone()), &reading).unwrap_err().to_string();
    assert!(error.contains("holds values of type '|S1', expected floats, integers or booleans"), "{error}");
}

#[test]
fn columns_of_an_array_are_chosen_by_number() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    ndarray_npy::write_npy(&path, &ndarray::arr2(&[[7.5_f32, 1.0, -2.0], [8.5, 0.0, -3.0]])).unwrap();
    let reading = Reading { labels: Some("1".into()), scale: Some(Scale::None), ..Reading::default() };
    let (found, _) = whole(&Source::Path(path), &reading).unwrap();
    assert_eq!(floats(&found.images.images), [7.5, -2.0, 8.5, -3.0]);
    assert_eq!((found.images.labels.unwrap(), found.classes), (vec![1, 0], 2));
}

#[test]
fn a_recipe_that_was_changed_by_hand_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (all, _) = whole(&write(dir.path(), "x.csv", FLOWERS), &flowers()).unwrap();
    let recipe = all.table.unwrap();
    assert!(recipe.validate(3).is_ok());
    assert!(recipe.validate(4).unwrap_err().to_string().contains("3 columns, but the model takes 4"));
    let mut zero = recipe.clone();
    zero.spread[1] = 0.0;
    assert!(zero.validate(3).unwrap_err().to_string().contains("column width, mm has a mean, shift or spread"));
    let mut short = recipe;
    short.means.pop();
    assert!(short.validate(3).unwrap_err().to_string().contains("2 means"));
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_names_the_feature() {
    let dir = tempfile::tempdir().unwrap();
    let error = whole(&write(dir.path(), "x.parquet", "PAR1"), &Reading::default()).unwrap_err().to_string();
    assert!(error.contains("build it with --features parquet"), "{error}");
}
