#!/bin/sh
# Prints the instructions of the functions whose names contain $KERNEL, or the names there are: make asm KERNEL=matmul_q4_K_q8_K_avx2
archive=$1
if [ -z "$KERNEL" ]; then
    echo "make asm KERNEL=name, one of:" >&2
    ${NM:-nm} --defined-only "$archive" 2>/dev/null | awk '$2 == "T" && /_(avx2|avx512|neon|dotprod)$/ { print "  " $3 }' | sort >&2
    exit 64
fi
${OBJDUMP:-objdump} -d --no-show-raw-insn "$archive" | awk -v wanted="$KERNEL" '
    /^[0-9a-f]+ <.*>:$/ { shown = index($2, wanted) > 0; if (shown) count++ }
    shown { print }
    END { if (!count) { print "no function is named like " wanted > "/dev/stderr"; exit 1 } }'
