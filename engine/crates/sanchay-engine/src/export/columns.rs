//! The columns of the formats that carry every row, in their one order: what `find --json` has.

macro_rules! columns {
    ($($variant:ident $name:literal),* $(,)?) => {
        /// A column of CSV and Parquet, a key of NDJSON.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Column {
            $($variant,)*
        }

        impl Column {
            /// Every column, as they are written.
            pub(super) const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The name in a header.
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The key of a JSON object, with its colon.
            pub(super) const fn json_key(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("\"", $name, "\":"),)*
                }
            }
        }
    };
}

columns! {
    Path "path",
    PathBytes "path_bytes",
    Size "size",
    Allocated "allocated",
    Modified "modified",
    Created "created",
    FileType "type",
    Extension "extension",
    Hash "hash",
    Algorithm "algorithm",
    HashState "hash_state",
    Links "links",
    Owner "owner",
    RootId "root_id",
    Inode "inode",
}
