// The only place of the engine that calls OpenBLAS, and the one table of when: prompts with weights that have no better
// kernel at so many rows.
// One idea: OpenBLAS runs single-threaded and our pool hands it panels of weight rows, so two pools never multiply and
// the result does not depend on the number of threads. Weights that are not F32 are dequantised panel by panel.
// Does not keep batch invariance: from the threshold on, a row's last bits depend on the number of rows.

import CKernels
import Glibc

#if OpenBLAS
    import COpenBLAS

    extension CPUBackend {
        /// Weight rows per panel: 256 * 4096 floats are 4 MiB, and sgemm packs x once per panel.
        private static let panelRows = 256

        /// From how many rows on sgemm beats our kernels; nil: never. Measured as docs/performance.md says: with AVX2 it
        /// leads by 12 % for F32 from 96 rows on and by 5 to 10 % for F16 and BF16 from 192 on; AVX-512 kernels, and those of
        /// all other types, always win. Types without a kernel gain from 4 rows on; up to 32 rows stay invariant.
        private func threshold(of type: tensor_type) -> Int? {
            guard hasOwnKernel[Int(type.rawValue)] else { return 33 }
            guard strcmp(kernels.isa, "avx2") == 0 else { return nil }
            switch type {
            case tensor_type_f32: return 96
            case tensor_type_f16, tensor_type_bf16: return 192
            default: return nil
            }
        }

        static func prepareBLAS() -> Bool {
            openblas_set_num_threads(1)
            return true
        }

        /// Weight rows per panel where OpenBLAS is to be used, nil where it is not.
        func blasPanelRows(type: tensor_type, rows: Int) -> Int? {
            guard usesBLAS, let threshold = threshold(of: type), rows >= threshold else { return nil }
            return CPUBackend.panelRows
        }

        func reserveBLASPanels(_ weights: [Tensor]) {
            let columns = weights.filter { $0.type != tensor_type_f32 }.map(\.columns).max() ?? 0
            guard columns > 0 else { return }
            for worker in 0..<threads { _ = scratch.floats(worker: worker, columns * CPUBackend.panelRows) }
        }

        /// The product of a panel of weight rows with activations in F32.
        func blasMultiply(_ panel: Tensor, _ product: matmul_args, worker: Int) {
            let k = panel.columns
            let x = product.x.assumingMemoryBound(to: Float.self)
            var weights = UnsafePointer<Float>(panel.bytes.assumingMemoryBound(to: Float.self))
            if panel.type != tensor_type_f32 {
                let floats = scratch.floats(worker: worker, panel.rows * k)
                let blocks = panel.rows * k / Int(tensor_type_get(panel.type).pointee.block_size)
                withUnsafePointer(to: kernels) { kernels_dequantize($0, panel.type, panel.bytes, floats, blocks) }
                weights = UnsafePointer(floats)
            }
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, blasint(product.columns), blasint(panel.rows), blasint(k),
                1, x, blasint(k), weights, blasint(k), 0, product.y, blasint(product.y_stride))
        }
    }
#else
    extension CPUBackend {
        static func prepareBLAS() -> Bool { false }
        func blasPanelRows(type: tensor_type, rows: Int) -> Int? { nil }
        func reserveBLASPanels(_ weights: [Tensor]) {}
        func blasMultiply(_ panel: Tensor, _ product: matmul_args, worker: Int) {}
    }
#endif
