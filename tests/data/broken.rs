//! Data sets with something wrong, and what is said of each.

use super::*;

// Directories and files that are missing or are something else.

#[test]
fn a_directory_that_is_not_there_is_named() {
    let files = Files::plain();
    let nowhere = files.path("nowhere");
    let error = Source::at(nowhere.clone()).load().expect_err("no such directory");
    assert_says(&error, &nowhere, "found nothing, expected a directory with the four IDX files of a data set");
}

#[test]
fn a_file_in_place_of_the_directory_is_named() {
    let files = Files::plain();
    let file = files.path(TRAIN_IMAGES);
    let error = Source::at(file.clone()).load().expect_err("not a directory");
    assert_says(&error, &file, "found a file, expected a directory with the four IDX files of a data set");
}

#[test]
fn a_missing_file_is_named_both_ways_and_says_what_to_do() {
    for name in [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS] {
        let files = Files::plain();
        fs::remove_file(files.path(name)).unwrap();
        files.refuses(
            &format!("{name}.gz"),
            &format!("no such file, nor a plain {name}; put one of the two there, or choose another data directory"),
        );
    }
}

#[test]
fn a_directory_in_place_of_a_file_is_named() {
    for name in [TRAIN_LABELS, "labels.txt"] {
        let files = Files::plain();
        let _ = fs::remove_file(files.path(name));
        fs::create_dir(files.path(name)).unwrap();
        files.refuses(name, "found a directory, expected a file");
    }
}

#[cfg(unix)]
#[test]
fn a_socket_in_place_of_a_file_is_named() {
    let files = Files::plain();
    fs::remove_file(files.path(TEST_IMAGES)).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(files.path(TEST_IMAGES)).unwrap();
    files.refuses(TEST_IMAGES, "found a device, pipe or socket, expected a file");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_the_system_will_not_open_is_named_with_its_reason() {
    for name in [TEST_IMAGES, "labels.txt"] {
        let files = Files::plain();
        let _ = fs::remove_file(files.path(name));
        std::os::unix::fs::symlink(name, files.path(name)).unwrap();
        files.refuses(name, "cannot be read: Too many levels of symbolic links (os error 40)");
    }
}

// Files that are not gzip, or are damaged.

#[test]
fn a_gz_name_without_gzip_shows_its_first_bytes() {
    for (content, expected) in [
        (&b"\xFF\xD8\xFF\xE0 JPEG"[..], "not gzip: begins with FF D8 FF E0, expected 1F 8B; it is a JPEG picture"),
        (b"\x1F", "not gzip: begins with 1F, expected 1F 8B"),
        (b"", "not gzip: begins with nothing (the file is empty), expected 1F 8B"),
        (
            b"<!DOCTYPE html>",
            "not gzip: begins with 3C 21 44 4F, expected 1F 8B; it is a web page, perhaps of an error: download the \
             data again",
        ),
        (
            b"PK\x03\x04 and more",
            "not gzip: begins with 50 4B 03 04, expected 1F 8B; it is a Zip archive (as .npz files are): unpack it, \
             and write its arrays as IDX",
        ),
        (
            b"\0\0\x08\x03\0\0\0\x1E",
            "not gzip: begins with 00 00 08 03, expected 1F 8B; it seems to be a plain IDX file: remove .gz from \
             its name",
        ),
    ] {
        let files = Files::gzipped();
        files.write(&format!("{TRAIN_IMAGES}.gz"), content);
        files.refuses(&format!("{TRAIN_IMAGES}.gz"), expected);
    }
}

#[test]
fn a_truncated_gzip_file_names_the_missing_bytes() {
    let files = Files::gzipped();
    let name = format!("{TRAIN_LABELS}.gz");
    let whole = files.read(&name);

    files.write(&name, &whole[..whole.len() - 1]);
    files.refuses(&name, "truncated gzip: breaks off after 38 inflated bytes, expected 38 and their checksum");
    files.write(&name, &whole[..10]);
    files.refuses(&name, "truncated gzip: breaks off after 0 inflated bytes, expected 8 and their checksum");

    let name = format!("{TRAIN_IMAGES}.gz");
    let whole = files.read(&name);
    files.write(&format!("{TRAIN_LABELS}.gz"), &gzip(&labels(30, &[1; 30])));
    files.write(&name, &whole[..whole.len() / 2]);
    let error = files.load().expect_err("half a file").to_string();
    assert!(
        error.starts_with(&format!("{}: truncated gzip: breaks off after ", files.path(&name).display())),
        "{error}"
    );
    assert!(error.ends_with(" inflated bytes, expected 23536 and their checksum"), "{error}");
}

#[test]
fn a_gzip_checksum_that_does_not_match_is_named() {
    let files = Files::gzipped();
    let name = format!("{TEST_IMAGES}.gz");
    let mut bytes = files.read(&name);
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    files.write(&name, &bytes);
    files.refuses(
        &name,
        "damaged gzip: corrupt gzip stream does not have a matching checksum, \
         expected data that `gzip -t` accepts; copy or download the file again",
    );
}

#[test]
fn what_follows_the_gzip_data_is_shown() {
    let files = Files::gzipped();
    let name = format!("{TEST_LABELS}.gz");
    files.write(&name, &[files.read(&name), b"JUNK and more".to_vec()].concat());
    files.refuses(
        &name,
        "damaged gzip: 4A 55 4E 4B follows the compressed data, \
         expected data that `gzip -t` accepts; copy or download the file again",
    );
}

#[test]
fn gzip_inside_gzip_is_told_as_that() {
    let files = Files::gzipped();
    let name = format!("{TEST_IMAGES}.gz");
    files.write(&name, &gzip(&files.read(&name)));
    let error = files.load().expect_err("twice gzip").to_string();
    assert!(error.ends_with("expected 0x00000803 for images; it is gzip inside gzip: unpack it once"), "{error}");
}

/// Everything that both `gzip -t` and Python's `gzip` read is read: the members as other programs lay them out.
#[test]
fn gzip_of_every_layout_is_read() {
    let expected = Files::plain().load().unwrap();
    let whole = labels_of(&FASHION.test.head(20));
    let empty = gzip(b"");
    let zeros = vec![0; 100_000];
    let named = GzBuilder::new().filename("labels").comment("of Fashion-MNIST").extra(vec![b'A', b'P', 2, 0, 1, 2]);
    let mut named = named.write(Vec::new(), Compression::best());
    named.write_all(&whole).unwrap();
    let named = named.finish().unwrap();
    // FHCRC: the header's flag 2, and behind it two bytes of its checksum.
    let plain_header = gzip(&whole);
    let mut header = plain_header[..10].to_vec();
    header[3] |= 2;
    let mut checksum = Crc::new();
    checksum.update(&header);
    let checked = [&header[..], &checksum.sum().to_le_bytes()[..2], &plain_header[10..]].concat();
    let mut stored = GzEncoder::new(Vec::new(), Compression::none());
    stored.write_all(&whole).unwrap();
    let halves = [gzip(&whole[..13]), gzip(&whole[13..])];
    for (layout, bytes) in [
        ("zeros behind", [&gzip(&whole)[..], &zeros].concat()),
        ("one zero behind", [&gzip(&whole)[..], &[0]].concat()),
        ("zeros between members", [&halves[0][..], &zeros, &halves[1]].concat()),
        ("an empty member first", [&empty[..], &gzip(&whole)].concat()),
        ("empty members around", [&empty[..], &empty, &halves[0], &empty, &halves[1], &empty, &zeros].concat()),
        ("a member a byte", whole.iter().flat_map(|byte| gzip(&[*byte])).collect()),
        ("name, comment, extra field", named),
        ("the header's checksum", checked),
        ("stored blocks", stored.finish().unwrap()),
    ] {
        let files = Files::gzipped();
        files.write(&format!("{TEST_LABELS}.gz"), &bytes);
        assert_eq!(files.load().expect(layout), expected, "{layout}");
    }
    for behind in [&b"\0\0JUNK"[..], b"\x1f", b"\0\x1f\x8b"] {
        let files = Files::gzipped();
        files.write(&format!("{TEST_LABELS}.gz"), &[&gzip(&whole)[..], behind].concat());
        files.load().expect_err("something else behind");
    }
}

// Files that are not IDX, or promise something other than they hold.

#[test]
fn a_wrong_magic_number_is_shown_beside_the_right_one() {
    let text = br"version https://git-lfs.github.com/spec/v1";
    for (name, content, expected) in [
        (TRAIN_IMAGES, vec![0; 100], "bad IDX magic 0x00000000, expected 0x00000803 for images"),
        (TEST_LABELS, vec![0; 100], "bad IDX magic 0x00000000, expected 0x00000801 for labels"),
        (
            TRAIN_IMAGES,
            text.to_vec(),
            "bad IDX magic 0x76657273, expected 0x00000803 for images; it is a Git LFS pointer, the data are \
             elsewhere: get them with `git lfs pull`",
        ),
        (
            TEST_LABELS,
            b"\x93NUMPY\x01\0".to_vec(),
            "bad IDX magic 0x934E554D, expected 0x00000801 for labels; it is a NumPy array (.npy): write its bytes \
             as IDX",
        ),
        (
            TRAIN_IMAGES,
            0x803_u32.to_le_bytes().to_vec(),
            "bad IDX magic 0x03080000, expected 0x00000803 for images; it is an IDX file of images with its bytes in \
             reverse order: write its header big-endian",
        ),
        (
            TRAIN_IMAGES,
            b"\0\0\x0D\x03\0\0\0\x1E".to_vec(),
            "bad IDX magic 0x00000D03, expected 0x00000803 for images; it is an IDX file of 32-bit floats in 3 \
             dimensions",
        ),
        (
            TEST_IMAGES,
            labels(20, &[1; 20]),
            "bad IDX magic 0x00000801, expected 0x00000803 for images; these are labels: are the files of images and \
             labels swapped?",
        ),
        (
            TEST_LABELS,
            images(1, 28, 28, &[0; PIXELS]),
            "bad IDX magic 0x00000803, expected 0x00000801 for labels; these are images: are the files of images and \
             labels swapped?",
        ),
    ] {
        let files = Files::plain();
        files.write(name, &content);
        files.refuses(name, expected);

        let files = Files::gzipped();
        files.write(&format!("{name}.gz"), &gzip(&content));
        files.refuses(&format!("{name}.gz"), expected);
    }
}

#[test]
fn a_header_that_is_cut_off_says_how_much_of_it_is_there() {
    for (name, length, expected) in [
        (TRAIN_IMAGES, 0, "the header of IDX images is cut off: found 0 bytes, expected 16"),
        (TRAIN_IMAGES, 3, "the header of IDX images is cut off: found 3 bytes, expected 16"),
        (TRAIN_IMAGES, 15, "the header of IDX images is cut off: found 15 bytes, expected 16"),
        (TEST_LABELS, 6, "the header of IDX labels is cut off: found 6 bytes, expected 8"),
    ] {
        let files = Files::plain();
        files.write(name, &files.read(name)[..length]);
        files.refuses(name, expected);
    }
}

#[test]
fn images_of_another_size_are_refused() {
    let files = Files::plain();
    files.write(TEST_IMAGES, &images(20, 32, 30, &vec![0; 20 * 32 * 30]));
    files.refuses(TEST_IMAGES, "found images of 32×30 pixels, expected 28×28");
    files.write(TEST_IMAGES, &images(u32::MAX, u32::MAX, u32::MAX, &[]));
    files.refuses(TEST_IMAGES, "found images of 4294967295×4294967295 pixels, expected 28×28");
}

#[test]
fn a_file_of_nothing_is_refused() {
    let files = Files::plain();
    files.write(TRAIN_IMAGES, &images(0, 28, 28, &[]));
    files.refuses(TRAIN_IMAGES, "found 0 images, expected at least 1");

    let files = Files::plain();
    files.write(TEST_LABELS, &labels(0, &[]));
    files.refuses(TEST_LABELS, "found 0 labels, expected at least 1");
}

#[test]
fn a_truncated_image_file_names_the_missing_bytes() {
    let whole = Files::plain().read(TRAIN_IMAGES);
    let expected = "ends too early: found 23500 bytes, expected 23536 for the 30 images of its header, 36 are missing";

    let files = Files::plain();
    files.write(TRAIN_IMAGES, &whole[..23_500]);
    files.refuses(TRAIN_IMAGES, expected);

    let files = Files::gzipped();
    files.write(&format!("{TRAIN_IMAGES}.gz"), &gzip(&whole[..23_500]));
    files.refuses(&format!("{TRAIN_IMAGES}.gz"), expected);
}

#[test]
fn bytes_after_the_data_are_counted() {
    for (name, extra, expected) in [
        (TRAIN_IMAGES, 1, "found 1 byte more than the header promises, expected 23536 for 30 images"),
        (TEST_LABELS, 5, "found 5 bytes more than the header promises, expected 28 for 20 labels"),
        (TEST_LABELS, 9999, "found at least 4096 bytes more than the header promises, expected 28 for 20 labels"),
    ] {
        let files = Files::plain();
        let longer = [files.read(name), vec![0; extra]].concat();
        files.write(name, &longer);
        files.refuses(name, expected);

        let files = Files::gzipped();
        files.write(&format!("{name}.gz"), &gzip(&longer));
        files.refuses(&format!("{name}.gz"), expected);
    }
}

#[test]
fn labels_that_are_not_one_for_each_image_are_refused() {
    let files = Files::plain();
    files.write(TEST_LABELS, &labels(19, &[1; 19]));
    let images = files.path(TEST_IMAGES);
    files.refuses(TEST_LABELS, &format!("found 19 labels, expected 20: one for each image of {}", images.display()));
}

#[test]
fn a_header_that_contradicts_its_own_file_is_blamed_and_not_the_other_file() {
    for (name, header_bytes) in [(TRAIN_IMAGES, 16), (TRAIN_LABELS, 8), (TEST_IMAGES, 16), (TEST_LABELS, 8)] {
        for count in [0, 1, 19, 21, 29, 31, 4_000_000_000, u32::MAX] {
            let files = Files::plain();
            let mut bytes = files.read(name);
            bytes[4..8].copy_from_slice(&count.to_be_bytes());
            let (kind, length) = if header_bytes == 16 { ("images", 784) } else { ("labels", 1) };
            let expected = header_bytes + u64::from(count) * length;
            let found = bytes.len() as u64;
            let words = if found < expected {
                let missing = expected - found;
                format!(
                    "ends too early: found {found} bytes, expected {expected} for the {count} {kind} of its header, \
                     {missing} are missing"
                )
            } else {
                let excess = match found - expected {
                    1 => "1 byte".to_owned(),
                    4096.. => "at least 4096 bytes".to_owned(),
                    excess => format!("{excess} bytes"),
                };
                format!("found {excess} more than the header promises, expected {expected} for {count} {kind}")
            };
            files.write(name, &bytes);
            files.refuses(name, &words);

            let files = Files::gzipped();
            files.write(&format!("{name}.gz"), &gzip(&bytes));
            files.refuses(&format!("{name}.gz"), &words);
        }
    }
}

#[test]
fn a_label_that_is_no_class_is_named_with_its_place() {
    let files = Files::plain();
    let mut bytes = files.read(TRAIN_LABELS);
    bytes[8 + 17] = 10;
    bytes[8 + 20] = 255;
    files.write(TRAIN_LABELS, &bytes);
    files.refuses(TRAIN_LABELS, "found label 10 at index 17 (counted from 0), expected 0 to 9");
}

// Class names.

#[test]
fn class_names_that_cannot_be_are_refused_with_their_line() {
    for (text, expected) in [
        (&b""[..], "found 0 lines, expected 10: one class name per line"),
        (b"a\nb\nc\n", "found 3 lines, expected 10: one class name per line"),
        (b"0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", "found 11 lines, expected 10: one class name per line"),
        (b"0\n1\n\n3\n4\n5\n6\n7\n8\n9\n", "found line 3 empty, expected a class name"),
        (b"0\n1\n \t\n3\n4\n5\n6\n7\n8\n9\n", "found line 3 empty, expected a class name"),
        (
            b"0\n1\x1b[2J\n2\n3\n4\n5\n6\n7\n8\n9\n",
            "found control character U+001B in line 2, expected a class name that can be shown",
        ),
        (
            "0\n1\n2\n3\n4\n5\n6\n7\n8\n\u{9b}2J9".as_bytes(),
            "found control character U+009B in line 10, expected a class name that can be shown",
        ),
        (
            "\u{202E}0\n1\n2\n3\n4\n5\n6\n7\n8\n9".as_bytes(),
            "found control character U+202E in line 1, expected a class name that can be shown",
        ),
        (
            "0\n1\n2\n\u{61C}3\n4\n5\n6\n7\n8\n9".as_bytes(),
            "found control character U+061C in line 4, expected a class name that can be shown",
        ),
        (
            "0\n1\n2\n3\n4\n5\u{200E}\n6\n7\n8\n9".as_bytes(),
            "found control character U+200E in line 6, expected a class name that can be shown",
        ),
        (
            "0\n1\n2\n3\n4\n5\n6\n7\u{200F}7\n8\n9".as_bytes(),
            "found control character U+200F in line 8, expected a class name that can be shown",
        ),
        (b"0\n1\n2\n\xE9t\xE9", "found bytes that are not UTF-8 in line 4, expected ten class names, one per line"),
    ] {
        let files = Files::plain();
        files.write("labels.txt", text);
        files.refuses("labels.txt", expected);
    }
}
