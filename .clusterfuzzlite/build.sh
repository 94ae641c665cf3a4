#!/bin/bash -eu
# Builds every fuzz target into $OUT, with its seeds, the dictionary and its options.
cd "$SRC/referee"
cargo fuzz build -O ${FUZZ_BUILD_FLAGS:-}

target_dir=${FUZZ_TARGET_DIR:-fuzz/target/x86_64-unknown-linux-gnu/release}
for source in fuzz/fuzz_targets/*.rs; do
  name=$(basename "$source" .rs)
  # What needs a feature of its own is not built.
  [ -x "$target_dir/$name" ] || continue
  cp "$target_dir/$name" "$OUT/"
  cp fuzz/dictionaries/oci.dict "$OUT/$name.dict"
  printf '[libfuzzer]\nmax_len = 65536\ndict = %s.dict\n' "$name" > "$OUT/$name.options"
  # Both other parsers read what the differential target reads.
  seeds=fuzz/seeds/$name
  [ -d "$seeds" ] || seeds=fuzz/seeds/differential
  (cd "$seeds" && zip -q -r - .) > "$OUT/${name}_seed_corpus.zip"
done
