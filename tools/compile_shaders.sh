#!/bin/bash
# Compiles every shader of Shaders/variants.txt to Shaders/spirv and writes the table that embeds them in CShaders.
#   tools/compile_shaders.sh           compile and replace
#   tools/compile_shaders.sh --check   compile elsewhere, validate, and compare with what is committed (exit code 1: differs)
# Needs glslc and spirv-val (Debian: glslc, spirv-tools). Building the package needs neither: SPIR-V is committed.
# Other versions of glslc may give other bytes for the same meaning: --check then only validates, and says so.
set -euo pipefail
cd "$(dirname "$0")/.."
made_with="2023.2"

for tool in glslc spirv-val; do
    command -v "$tool" >/dev/null || { echo "tools/compile_shaders.sh: $tool is not installed (apt: glslc spirv-tools)" >&2; exit 69; }
done
check=false
[ "${1:-}" = "--check" ] && check=true
target=Shaders/spirv
table=Sources/CShaders/variants.inc
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if $check; then
    target=$scratch/spirv
    table=$scratch/variants.inc
else
    rm -f "$target"/*.spv
fi
mkdir -p "$target"

{
    echo "// Written by tools/compile_shaders.sh from Shaders/variants.txt: the bytes of every variant, and the table of them."
    entries=()
    while read -r name source dequant macros; do
        [[ -z "$name" || "$name" = \#* ]] && continue
        echo "#include \"dequant/${dequant:-none}.glsl\"" > "$scratch/variant.glsl"
        glslc --target-env=vulkan1.2 -O -Werror ${macros:+-D${macros// / -D}} -I Shaders -I "$scratch" -o "$target/$name.spv" "Shaders/$source"
        spirv-val --target-env vulkan1.2 "$target/$name.spv" >&2
        symbol=${name//./_}
        printf 'static const _Alignas(4) unsigned char %s[] = {\n#embed "../../Shaders/spirv/%s.spv"\n};\n' "$symbol" "$name"
        entries+=("    {\"$name\", $symbol, sizeof $symbol},")
    done < Shaders/variants.txt
    echo "static const shader variants[] = {"
    printf '%s\n' "${entries[@]}"
    echo "};"
} > "$table"

$check || { echo "$(ls "$target"/*.spv | wc -l) variants compiled"; exit 0; }
cmp "$table" Sources/CShaders/variants.inc
if [[ "$(glslc --version)" != "shaderc "*"$made_with"* ]]; then
    echo "shaders: valid; not compared, because the committed ones were made with glslc $made_with"
    exit 0
fi
for file in "$target"/*.spv; do
    cmp "$file" "Shaders/spirv/$(basename "$file")"
done
[ "$(ls "$target"/*.spv | wc -l)" = "$(ls Shaders/spirv/*.spv | wc -l)" ] || { echo "shaders: files in Shaders/spirv that no variant makes" >&2; exit 1; }
echo "shaders: valid and as committed"
