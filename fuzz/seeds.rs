//! Writes the seeds of all fuzzers under `fuzz/seeds`, from the images inside the program and a run on a few of them.

use std::{
    env,
    error::Error,
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
    process,
};

use fitroom::{
    cli::Cli,
    fashion::{FASHION_NAMES, PIXELS, Source, Split},
    headless,
    session::RunPlan,
};
use flate2::{Compression, write::GzEncoder};
use image::{DynamicImage, GrayImage, ImageFormat, Rgba, RgbaImage};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let data = Source::Embedded.load()?;
    let (train, test) = (data.train.head(4), data.test.head(2));
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let seeds = |target: &str, name: &str, parts: &[&[u8]]| -> Outcome {
        fs::create_dir_all(here.join(target))?;
        Ok(fs::write(here.join(target).join(name), parts.concat())?)
    };

    let (images, labels) = (images(&test), labels(&train));
    seeds("idx", "images", &[&[0], &images])?;
    seeds("idx", "labels", &[&[1], &labels])?;
    seeds("idx", "images-cut-short", &[&[0], &images[..400]])?;
    seeds("idx", "labels-as-images", &[&[0], &labels])?;
    seeds("gzip", "images", &[&[0], &images])?;
    seeds("gzip", "labels-in-two-members", &[&[0x1b], &labels])?;
    seeds("gzip", "labels-as-they-are", &[&[5], &gzip(&labels)?[3..]])?;

    let names = FASHION_NAMES.join("\n");
    seeds("labels", "fashion", &[names.as_bytes()])?;
    seeds("labels", "digits", &[b"\xef\xbb\xbf0\r\n1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\r\n\r\n"])?;

    for (name, picture, format) in pictures(&test) {
        seeds("pictures", name, &[&[0], &encoded(&picture, format)?])?;
    }
    seeds("pictures", "lossy.webp", &[&[0], LOSSY_WEBP])?;
    seeds("pictures", "as-it-is.png", &[&[1], &encoded(&shape(40, 24), ImageFormat::Png)?])?;

    let run = trained(&train, &test)?;
    let read = |name: &str| fs::read(run.join("seed").join(name));
    let checkpoint = read("checkpoint.safetensors")?;
    let (length, rest) = checkpoint.split_first_chunk::<8>().ok_or("no checkpoint")?;
    let (header, tensors) = rest.split_at(usize::try_from(u64::from_le_bytes(*length))?);
    let ours: serde_json::Value = serde_json::from_slice(header)?;
    let ours = ours["__metadata__"]["fitroom"].as_str().ok_or("no header")?;
    seeds("safetensors", "file", &[&[0], &checkpoint])?;
    seeds("safetensors", "header", &[&[1], &u16::try_from(tensors.len())?.to_be_bytes(), header])?;
    seeds("safetensors", "fitroom", &[&[2], ours.as_bytes()])?;

    let facts = read("run.json")?;
    let mut older: serde_json::Value = serde_json::from_slice(&facts)?;
    seeds("run_json", "done", &[&facts])?;
    older.as_object_mut().ok_or("no object")?.remove("kept");
    older["state"] = "failed".into();
    older["reason"] = "the disk is full".into();
    older["dataset"]["directory"] = vec![47, 255].into();
    older["settings"]["device"] = "cuda:1".into();
    older["settings"]["threads"] = 2.into();
    seeds("run_json", "failed", &[&serde_json::to_vec(&older)?])?;

    seeds("metrics", "metrics", &[&[0], &read("metrics.jsonl")?])?;
    seeds("metrics", "batches", &[&[1], &read("batches.jsonl")?])?;

    let predictions = read("predictions/epoch-0002.npy")?;
    let (before, rows) = predictions.split_at(128);
    let zeros = u16::try_from(rows.len())?.to_be_bytes();
    seeds("npy", "file", &[&[0], &predictions])?;
    seeds("npy", "file-cut-short", &[&[0], before, &rows[..50]])?;
    seeds("npy", "header", &[&[1], &zeros, &before[10..]])?;
    seeds("npy", "header-of-version-2", &[&[2], &zeros, &before[10..]])?;
    fs::remove_dir_all(run)?;

    for (name, words) in ARGUMENTS {
        seeds("arguments", name, &[words.as_bytes()])?;
    }
    for (name, bytes) in KEYBOARD {
        seeds("keyboard", name, &[bytes])?;
    }
    Ok(())
}

const ARGUMENTS: [(&str, &str); 8] = [
    ("nothing", "FITROOM_EPOCHS=3\0FITROOM_HIDDEN=256,64\0FITROOM_NO_SAVE=yes"),
    (
        "dashboard",
        "--epochs=20\0--batch-size\x0064\0--learning-rate=1e-2\0--fps\x0030\0--no-mouse\0--ascii\0--color=256",
    ),
    ("train", "train\0--hidden\x0064,32\0--seed=7\0--device=cuda:1\0--threads=2\0--json\0--pace=5\0--data=x"),
    ("resume", "train\0--resume=coat\0--runs=elsewhere\0--save-every=off\0FITROOM_RUN=shoe\0FITROOM_JSON=off"),
    ("evaluate", "evaluate\0coat\0--json\0FITROOM_DATA=mnist"),
    ("predict", "predict\x0012\0boot.png\0--as-is\0--run\0coat\0FITROOM_COLOR=never\0FITROOM_ASCII=1"),
    ("runs", "runs\0--runs=\u{1b}[2J\0FITROOM_RUNS=other"),
    ("help", "help\0train\0completions\0bash\0man\0--help\0-h\0--version\0-V"),
];

/// One pixel, of a kind that the encoder does not write.
const LOSSY_WEBP: &[u8] =
    b"RIFF\x22\0\0\0WEBPVP8 \x16\0\0\0\x30\x01\0\x9d\x01\x2a\x01\0\x01\0\x0e\xc0\xfe\x25\xa4\0\x03\x70\0\0\0\0";

const KEYBOARD: [(&str, &[u8]); 5] = [
    ("letters", b"\x05jk?q \x03\xc3\xa9\x1b\0\x01\x1b\0"),
    ("arrows", b"\x09\x1b[A\x1b[B\x1bOC\x0e\x1b[1;5D\x1b[5~\x1b[Z"),
    ("mouse", b"\x14\x1b[<0;10;5M\x1b[<65;1;1m\x06\x1b[M !!"),
    ("answers", b"\x20\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?62;c\x1bP1$r\x07\x1b[24;80R"),
    ("keyboards", b"\x19\x1b[97;5u\x1b[27;5;106~\x1b[57399;1:3u"),
];

/// What `fitroom train` keeps of two epochs on these images: the directory of its runs.
fn trained(train: &Split, test: &Split) -> Outcome<PathBuf> {
    let place = env::temp_dir().join(format!("fitroom-seeds-{}", process::id()));
    fs::create_dir_all(&place)?;
    for (name, split) in [("train", train), ("t10k", test)] {
        fs::write(place.join(format!("{name}-images-idx3-ubyte")), images(split))?;
        fs::write(place.join(format!("{name}-labels-idx1-ubyte")), labels(split))?;
    }
    let options = ["fitroom", "--epochs=2", "--hidden=1", "--batch-size=3", "--run=seed", "--data", "--runs"];
    let mut arguments: Vec<_> = options.iter().map(Into::into).collect();
    arguments.insert(6, place.clone().into());
    arguments.push(place.clone().into());
    let cli = Cli::read(arguments).map_err(|refusal| refusal.to_string())?;
    match headless::run(RunPlan::new(&cli.training, &cli.keeping)?, headless::Form::Text, &cli.telling)? {
        0 => Ok(place),
        status => Err(format!("the training ended with status {status}").into()),
    }
}

fn images(split: &Split) -> Vec<u8> {
    [&[0, 0, 8, 3][..], &count(split), &[0, 0, 0, 28, 0, 0, 0, 28], split.pixels()].concat()
}

fn labels(split: &Split) -> Vec<u8> {
    let classes: Vec<u8> = split.classes().iter().map(|class| u8::try_from(class.index()).expect("ten")).collect();
    [&[0, 0, 8, 1][..], &count(split), &classes].concat()
}

fn count(split: &Split) -> [u8; 4] {
    u32::try_from(split.len()).expect("it is small").to_be_bytes()
}

fn gzip(content: &[u8]) -> Outcome<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

/// A picture of each form that there is.
fn pictures(split: &Split) -> Vec<(&'static str, DynamicImage, ImageFormat)> {
    let image = split.image(0).pixels()[..PIXELS].to_vec();
    let image = DynamicImage::from(GrayImage::from_raw(28, 28, image).expect("28 by 28"));
    let shape = shape(40, 24);
    vec![
        ("image.png", image.clone(), ImageFormat::Png),
        ("image.jpg", image, ImageFormat::Jpeg),
        ("colours.png", shape.clone(), ImageFormat::Png),
        ("16-bit.png", DynamicImage::from(shape.to_luma_alpha16()), ImageFormat::Png),
        ("colours.jpg", DynamicImage::from(shape.to_rgb8()), ImageFormat::Jpeg),
        ("colours.webp", shape.clone(), ImageFormat::WebP),
        ("upright.webp", DynamicImage::from(shape.rotate90().to_rgb8()), ImageFormat::WebP),
    ]
}

/// A dark shape on a light, partly transparent ground.
fn shape(width: u32, height: u32) -> DynamicImage {
    DynamicImage::from(RgbaImage::from_fn(width, height, |x, y| {
        let inside = (width / 4..width / 2).contains(&x) && (height / 4..height - 2).contains(&y);
        Rgba(if inside { [40, 20, 90, 255] } else { [230, 240, 220, if x < 4 { 0 } else { 255 }] })
    }))
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), format)?;
    Ok(bytes)
}
