//! What a file is by the extension of its name. Content is never looked at: a summary over millions of files must not
//! open one.

use std::fmt;

/// The longest extension in bytes.
const EXTENSION_BYTES: usize = 12;

/// A kind of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileType {
    /// Pictures, photographers' raw files included.
    Image,
    /// Moving pictures.
    Video,
    /// Sound.
    Audio,
    /// What people write and read.
    Document,
    /// Packed files and disk images.
    Archive,
    /// Source code, markup and build files.
    Code,
    /// Logs and other programs' traces.
    Log,
    /// Everything else.
    Other,
}

impl FileType {
    /// Every type, in the order in which they are shown.
    pub const ALL: [Self; 8] =
        [Self::Image, Self::Video, Self::Audio, Self::Document, Self::Archive, Self::Code, Self::Log, Self::Other];

    /// The name as queries spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Archive => "archive",
            Self::Code => "code",
            Self::Log => "log",
            Self::Other => "other",
        }
    }

    /// The type of a name as queries spell it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|file_type| file_type.name() == name)
    }

    /// The type of an extension without its dot, in small letters as [`extension`] gives it.
    pub fn from_extension(extension: &[u8]) -> Self {
        match extension {
            b"jpg" | b"jpeg" | b"jpe" | b"jfif" | b"png" | b"apng" | b"gif" | b"bmp" | b"dib" | b"tif" | b"tiff"
            | b"webp" | b"avif" | b"heic" | b"heif" | b"hif" | b"jxl" | b"jp2" | b"j2k" | b"jpx" | b"ico" | b"cur"
            | b"icns" | b"svg" | b"svgz" | b"eps" | b"ai" | b"psd" | b"psb" | b"xcf" | b"kra" | b"exr" | b"hdr"
            | b"tga" | b"dds" | b"pcx" | b"pbm" | b"pgm" | b"ppm" | b"pnm" | b"qoi" | b"xpm" | b"wmf" | b"emf"
            | b"cr2" | b"cr3" | b"crw" | b"nef" | b"nrw" | b"arw" | b"srf" | b"sr2" | b"dng" | b"orf" | b"rw2"
            | b"raf" | b"pef" | b"srw" | b"x3f" | b"3fr" | b"fff" | b"iiq" | b"erf" | b"mef" | b"mos" | b"mrw"
            | b"kdc" | b"dcr" | b"rwl" | b"gpr" | b"raw" => Self::Image,
            b"mp4" | b"m4v" | b"mov" | b"qt" | b"mkv" | b"webm" | b"avi" | b"wmv" | b"flv" | b"f4v" | b"mpg"
            | b"mpeg" | b"mpe" | b"m2v" | b"m2ts" | b"mts" | b"vob" | b"ogv" | b"3gp" | b"3g2" | b"asf" | b"rm"
            | b"rmvb" | b"divx" | b"mxf" | b"dv" | b"insv" | b"lrv" | b"braw" | b"r3d" => Self::Video,
            b"mp3" | b"m4a" | b"m4b" | b"aac" | b"flac" | b"wav" | b"wave" | b"ogg" | b"oga" | b"opus" | b"wma"
            | b"aif" | b"aiff" | b"aifc" | b"alac" | b"ape" | b"wv" | b"mka" | b"amr" | b"au" | b"mid" | b"midi"
            | b"dsf" | b"dff" | b"ac3" | b"dts" | b"caf" | b"tta" => Self::Audio,
            b"pdf" | b"doc" | b"docx" | b"docm" | b"dot" | b"dotx" | b"odt" | b"ott" | b"rtf" | b"txt" | b"text"
            | b"md" | b"markdown" | b"rst" | b"adoc" | b"tex" | b"bib" | b"xls" | b"xlsx" | b"xlsm" | b"xlsb"
            | b"ods" | b"csv" | b"tsv" | b"ppt" | b"pptx" | b"pptm" | b"odp" | b"pps" | b"ppsx" | b"key"
            | b"numbers" | b"pages" | b"epub" | b"mobi" | b"azw" | b"azw3" | b"djvu" | b"ps" | b"xps" | b"oxps"
            | b"odg" | b"vsd" | b"vsdx" | b"one" | b"eml" | b"msg" | b"mbox" | b"ics" | b"vcf" | b"org" | b"fb2"
            | b"chm" => Self::Document,
            b"zip" | b"zipx" | b"7z" | b"rar" | b"tar" | b"gz" | b"tgz" | b"bz2" | b"tbz" | b"tbz2" | b"xz"
            | b"txz" | b"zst" | b"tzst" | b"lz" | b"lz4" | b"lzma" | b"lzo" | b"br" | b"z" | b"cab" | b"iso"
            | b"img" | b"dmg" | b"pkg" | b"deb" | b"rpm" | b"apk" | b"aab" | b"ipa" | b"jar" | b"war" | b"ear"
            | b"whl" | b"egg" | b"gem" | b"crate" | b"nupkg" | b"msi" | b"msix" | b"appx" | b"snap" | b"flatpak"
            | b"appimage" | b"xpi" | b"crx" | b"cpio" | b"ar" | b"arj" | b"lha" | b"lzh" | b"sit" | b"sitx"
            | b"wim" | b"vhd" | b"vhdx" | b"vmdk" | b"vdi" | b"qcow2" | b"squashfs" => Self::Archive,
            b"c" | b"h" | b"cc" | b"cpp" | b"cxx" | b"hh" | b"hpp" | b"hxx" | b"inl" | b"rs" | b"py" | b"pyi"
            | b"pyx" | b"pxd" | b"ipynb" | b"js" | b"mjs" | b"cjs" | b"jsx" | b"ts" | b"tsx" | b"cts" | b"vue"
            | b"svelte" | b"java" | b"kt" | b"kts" | b"scala" | b"groovy" | b"gradle" | b"go" | b"rb" | b"erb"
            | b"php" | b"phtml" | b"pl" | b"pm" | b"lua" | b"r" | b"rmd" | b"jl" | b"m" | b"mm" | b"swift" | b"cs"
            | b"fs" | b"fsx" | b"vb" | b"hs" | b"lhs" | b"ml" | b"mli" | b"erl" | b"hrl" | b"ex" | b"exs" | b"clj"
            | b"cljs" | b"lisp" | b"el" | b"scm" | b"rkt" | b"dart" | b"zig" | b"nim" | b"d" | b"v" | b"sv"
            | b"vhdl" | b"f" | b"f77" | b"f90" | b"f95" | b"for" | b"asm" | b"s" | b"sh" | b"bash" | b"zsh"
            | b"fish" | b"ps1" | b"psm1" | b"bat" | b"cmd" | b"awk" | b"sed" | b"tcl" | b"sql" | b"html" | b"htm"
            | b"xhtml" | b"css" | b"scss" | b"sass" | b"less" | b"xml" | b"xsd" | b"xsl" | b"xslt" | b"json"
            | b"jsonc" | b"json5" | b"yaml" | b"yml" | b"toml" | b"ini" | b"cfg" | b"conf" | b"proto" | b"graphql"
            | b"gql" | b"thrift" | b"cmake" | b"mk" | b"mak" | b"ninja" | b"bzl" | b"nix" | b"tf" | b"hcl"
            | b"dockerfile" | b"diff" | b"patch" | b"po" | b"pot" | b"glsl" | b"hlsl" | b"wgsl" | b"cu" | b"cuh"
            | b"cl" | b"wat" | b"sol" | b"pas" | b"pp" | b"ada" | b"adb" | b"ads" | b"cob" | b"cbl" | b"qml"
            | b"ui" => Self::Code,
            b"log" | b"out" | b"err" | b"trace" | b"journal" | b"evt" | b"evtx" | b"etl" | b"stderr" | b"stdout"
            | b"syslog" => Self::Log,
            _ => Self::Other,
        }
    }
}

/// An extension without its dot, in small letters, held inline.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Extension {
    /// How many of the bytes are used.
    pub len: u8,
    /// The bytes, zero beyond `len`.
    pub bytes: [u8; EXTENSION_BYTES],
}

impl Extension {
    /// The bytes of the extension.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The extension as text; it is always ASCII.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The kind of content that the extension stands for.
    pub fn file_type(&self) -> FileType {
        FileType::from_extension(self.as_bytes())
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Extension({})", self.as_str())
    }
}

/// The extension of a name: what follows the last dot, where that dot is not the first byte and what follows is 1 to
/// 12 ASCII letters, digits, `_`, `+` or `-`. More than three digits alone are a date or a number, not an extension.
pub fn extension(name: &[u8]) -> Option<Extension> {
    // Only the last 13 bytes can hold the dot and a valid extension.
    let tail = &name[name.len().saturating_sub(EXTENSION_BYTES + 1)..];
    let after = tail.iter().rposition(|byte| *byte == b'.')? + 1;
    let text = &tail[after..];
    if text.is_empty() || text.len() == name.len() - 1 {
        return None;
    }
    let mut found = Extension { len: text.len() as u8, bytes: [0; EXTENSION_BYTES] };
    let mut digits = 0;
    for (lower, byte) in found.bytes.iter_mut().zip(text) {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'+' | b'-' => {}
            _ => return None,
        }
        *lower = byte.to_ascii_lowercase();
    }
    (digits < text.len() || text.len() <= 3).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(name: &str) -> Option<String> {
        extension(name.as_bytes()).map(|extension| extension.to_string())
    }

    #[test]
    fn extensions_as_people_see_them() {
        let cases = [
            ("photo.JPG", Some("jpg")),
            ("a.tar.gz", Some("gz")),
            (".bashrc", None),
            (".config.toml", Some("toml")),
            ("README", None),
            ("trailing.", None),
            ("app.log.20240101", None),
            ("app.log.1", Some("1")),
            ("man.3p", Some("3p")),
            ("video.3gp", Some("3gp")),
            ("lib.so.1234", None),
            ("a.c++", Some("c++")),
            ("a.thirteen_byte", None),
            ("a.twelvebytes1", Some("twelvebytes1")),
            ("a.b c", None),
            ("a.é", None),
            ("", None),
            (".", None),
            ("..", None),
            ("x.a", Some("a")),
            (".twelvebytes1", None),
        ];
        for (name, expected) in cases {
            assert_eq!(text(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn every_type_is_found_by_its_name_and_has_extensions() {
        for file_type in FileType::ALL {
            assert_eq!(FileType::parse(file_type.name()), Some(file_type));
        }
        assert_eq!(FileType::parse("Image"), None);
        for (extension, expected) in [
            ("cr3", FileType::Image),
            ("heic", FileType::Image),
            ("mkv", FileType::Video),
            ("flac", FileType::Audio),
            ("pdf", FileType::Document),
            ("zst", FileType::Archive),
            ("rs", FileType::Code),
            ("log", FileType::Log),
            ("journal", FileType::Log),
            ("qqq", FileType::Other),
        ] {
            assert_eq!(FileType::from_extension(extension.as_bytes()), expected);
        }
    }

    proptest! {
        #[test]
        fn extension_agrees_with_the_rule_read_slowly(
            name in proptest::collection::vec(prop_oneof![Just(b'.'), Just(b'a'), Just(b'Z'), Just(b'7'), any::<u8>()], 0..30)
        ) {
            let slow = || {
                let dot = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0)?;
                let after = &name[dot + 1..];
                let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"_+-".contains(byte);
                let number = after.len() > 3 && after.iter().all(u8::is_ascii_digit);
                let valid = (1..=12).contains(&after.len()) && after.iter().all(allowed) && !number;
                valid.then(|| after.to_ascii_lowercase())
            };
            prop_assert_eq!(extension(&name).map(|extension| extension.as_bytes().to_vec()), slow());
        }
    }
}
