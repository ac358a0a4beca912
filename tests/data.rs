//! Data sets as the program meets them: the one inside it, and directories, whole and broken. Every broken file is a
//! real file, and its error must say in one line which file it is, what was found and what was expected.

#[path = "data/broken.rs"]
mod broken;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use fitroom::fashion::{Class, DataError, Dataset, FASHION_NAMES, PIXELS, Source, Split, SplitError};
use flate2::{Compression, Crc, GzBuilder, write::GzEncoder};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

static FASHION: LazyLock<Dataset> = LazyLock::new(|| Source::Embedded.load().expect("the program carries its data"));

// The data set that the program carries.

#[test]
fn the_embedded_bytes_are_zalandos() {
    let sums = [
        (images_of(&FASHION.train), "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
        (labels_of(&FASHION.train), "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        (images_of(&FASHION.test), "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
        (labels_of(&FASHION.test), "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    ];
    for (file, expected) in sums {
        let sum = Sha256::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        assert_eq!(sum, expected);
    }
}

#[test]
fn fashion_mnist_has_the_shape_and_the_labels_of_the_tutorial() {
    assert_eq!((FASHION.train.len(), FASHION.test.len()), (60_000, 10_000));
    assert_eq!(FASHION.train.pixels().len(), 60_000 * PIXELS);

    let numbers: Vec<usize> = FASHION.train.classes().iter().map(|class| class.index()).collect();
    assert_eq!(numbers[..3], [9, 0, 0]);
    assert_eq!(numbers[59_997..], [3, 0, 5]);

    for (class, name) in Class::all().zip(FASHION_NAMES) {
        assert_eq!(FASHION.name(class), name);
        assert_eq!(FASHION.train.classes().iter().filter(|of| **of == class).count(), 6000);
        assert_eq!(FASHION.test.classes().iter().filter(|of| **of == class).count(), 1000);
    }
    assert_eq!(FASHION.name(FASHION.test.class(0)), "Ankle boot");
}

#[test]
fn the_directory_of_the_embedded_files_reads_as_they_do() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    assert_eq!(Source::at(directory).load().unwrap(), *FASHION);
}

// Splits and data sets made in the program.

#[test]
fn the_head_of_a_split_is_its_first_images() {
    let head = FASHION.test.head(3);
    assert_eq!(head.len(), 3);
    assert_eq!(head.pixels(), &FASHION.test.pixels()[..3 * PIXELS]);
    assert_eq!(head.classes(), &FASHION.test.classes()[..3]);
    assert_eq!(head.head(10), head);
}

#[test]
fn a_split_has_an_image_for_every_class_and_is_never_empty() {
    let classes: Vec<Class> = Class::all().take(2).collect();
    assert_eq!(Split::new(vec![0; 2 * PIXELS], classes.clone()).unwrap().len(), 2);
    assert_eq!(Split::new(Vec::new(), Vec::new()), Err(SplitError::Empty));
    for pixels in [0, PIXELS, 2 * PIXELS - 1, 3 * PIXELS] {
        let error = Split::new(vec![0; pixels], classes.clone()).expect_err("two classes have two images");
        assert_eq!(error, SplitError::Disagree { pixels, classes: 2 });
        assert_eq!(
            error.to_string(),
            format!("found {pixels} bytes of pixels for 2 classes, expected 784 for each class")
        );
    }
}

// Directories that are data sets.

#[test]
fn gzipped_and_plain_files_mix() {
    let files = Files::plain();
    let expected = files.load().unwrap();
    for name in [TRAIN_IMAGES, TEST_LABELS] {
        files.write(&format!("{name}.gz"), &gzip(&files.read(name)));
        fs::remove_file(files.path(name)).unwrap();
    }
    assert_eq!(files.load().unwrap(), expected);
    assert_eq!((expected.train.len(), expected.test.len()), (30, 20));
}

#[test]
fn of_a_file_that_is_there_both_ways_the_plain_one_is_read() {
    let files = Files::plain();
    files.write(&format!("{TEST_LABELS}.gz"), b"never looked at");
    assert_eq!(files.load().unwrap(), Files::plain().load().unwrap());
}

#[test]
fn a_plain_name_may_hold_gzip() {
    let files = Files::plain();
    files.write(TRAIN_IMAGES, &gzip(&files.read(TRAIN_IMAGES)));
    assert_eq!(files.load().unwrap(), Files::plain().load().unwrap());
}

#[test]
fn class_names_come_from_labels_txt() {
    let expected = ["0", "a b", "ΙΙ", "three", "4", "5", "6", "7", "8", "neun"];
    for text in [
        "0\na b\nΙΙ\nthree\n4\n5\n6\n7\n8\nneun",
        "0\na b\nΙΙ\nthree\n4\n5\n6\n7\n8\nneun\n",
        "\u{FEFF}0\r\na b\r\nΙΙ\r\nthree\r\n4\r\n5\r\n6\r\n7\r\n8\r\nneun\r\n",
        "0 \n\ta b\nΙΙ\nthree\n4\n5\n6\n7\n8\nneun\n\n\n",
    ] {
        let files = Files::plain();
        files.write("labels.txt", text.as_bytes());
        let dataset = files.load().unwrap();
        assert_eq!(Class::all().map(|class| dataset.name(class)).collect::<Vec<_>>(), expected, "{text:?}");
    }
}

#[test]
fn without_labels_txt_the_names_are_fashion_mnists() {
    let dataset = Files::plain().load().unwrap();
    assert_eq!(Class::all().map(|class| dataset.name(class)).collect::<Vec<_>>(), FASHION_NAMES);
}

// What the tests are made of.

/// A directory with the first 30 training and 20 test images of Fashion-MNIST, to be broken.
struct Files(TempDir);

impl Files {
    fn plain() -> Self {
        Self::new("", <[u8]>::to_vec)
    }

    fn gzipped() -> Self {
        Self::new(".gz", gzip)
    }

    fn new(ending: &str, pack: fn(&[u8]) -> Vec<u8>) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        let (train, test) = (FASHION.train.head(30), FASHION.test.head(20));
        for (name, content) in [
            (TRAIN_IMAGES, images_of(&train)),
            (TRAIN_LABELS, labels_of(&train)),
            (TEST_IMAGES, images_of(&test)),
            (TEST_LABELS, labels_of(&test)),
        ] {
            files.write(&format!("{name}{ending}"), &pack(&content));
        }
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    fn load(&self) -> Result<Dataset, DataError> {
        Source::at(self.0.path().to_owned()).load()
    }

    /// Asserts that loading fails because of the file of this name, with these words.
    fn refuses(&self, name: &str, words: &str) {
        assert_says(&self.load().expect_err(words), &self.path(name), words);
    }
}

fn assert_says(error: &DataError, file: &Path, words: &str) {
    assert_eq!(error.to_string(), format!("{}: {words}", file.display()));
    assert_eq!(error.to_string().lines().count(), 1);
    assert_eq!(error.file, file);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn images(count: u32, rows: u32, columns: u32, pixels: &[u8]) -> Vec<u8> {
    [&[0x803, count, rows, columns].map(u32::to_be_bytes).concat(), pixels].concat()
}

fn labels(count: u32, classes: &[u8]) -> Vec<u8> {
    [&[0x801, count].map(u32::to_be_bytes).concat(), classes].concat()
}

/// The plain IDX file of a split's images.
fn images_of(split: &Split) -> Vec<u8> {
    images(u32::try_from(split.len()).unwrap(), 28, 28, split.pixels())
}

/// The plain IDX file of a split's labels.
fn labels_of(split: &Split) -> Vec<u8> {
    let classes: Vec<u8> = split.classes().iter().map(|class| u8::try_from(class.index()).unwrap()).collect();
    labels(u32::try_from(split.len()).unwrap(), &classes)
}
