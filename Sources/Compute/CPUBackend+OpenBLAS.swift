// The only place that calls OpenBLAS: prompt processing with weights that have no better kernel at that many rows.
// One idea: OpenBLAS runs single-threaded and our pool hands it panels of weight rows, so two pools never multiply and
// the result does not depend on the number of threads. Weights that are not F32 are dequantised panel by panel.
// Does not keep batch invariance: from the threshold on, a row's last bits depend on the number of rows.

import CKernels

#if OpenBLAS
    import COpenBLAS

    extension CPUBackend {
        /// Weight rows per panel: 256 * 4096 floats are 4 MiB, and sgemm packs x once per panel.
        private static let panelRows = 256

        /// From how many rows on sgemm beats our kernels; nil: never. Measured in GFLOP/s, kernel / dequantise and sgemm,
        /// weights 2048 x 2048, one thread, EPYC with AVX-512, OpenBLAS 0.3.21, 2026-11-23:
        /// F32 16 rows 65/73, 64 rows 75/103; F16 128 rows 94/85, 256 rows 92/100; BF16 64 rows 92/96, 128 rows 95/104;
        /// MXFP4 32 rows 60/58, 64 rows 59/79; Q8_0 to Q2_K 512 rows 150 to 280 / 110: our kernels always win.
        /// Types without a kernel for the instruction set: 4 rows 4/10, 64 rows 4/70; up to 32 rows stay invariant.
        private func threshold(of type: tensor_type) -> Int? {
            switch type {
            case tensor_type_f32: 64
            case tensor_type_f16: 256
            case tensor_type_bf16: 128
            case tensor_type_mxfp4: 64
            default: hasOwnKernel[Int(type.rawValue)] ? nil : 33
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

        /// Columns of `output` that belong to a panel of weight rows.
        func blasMultiply(
            _ panel: Tensor, x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>,
            shape: (rows: Int, stride: Int), worker: Int
        ) {
            let k = panel.columns
            var weights = UnsafePointer<Float>(panel.bytes.assumingMemoryBound(to: Float.self))
            if panel.type != tensor_type_f32 {
                let info = tensor_type_get(panel.type).pointee
                let floats = scratch.floats(worker: worker, panel.rows * k)
                info.dequantize(panel.bytes, floats, panel.rows * k / Int(info.block_size))
                weights = UnsafePointer(floats)
            }
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, blasint(shape.rows), blasint(panel.rows), blasint(k), 1, x,
                blasint(k), weights, blasint(k), 0, y, blasint(shape.stride))
        }
    }
#else
    extension CPUBackend {
        static func prepareBLAS() -> Bool { false }
        func blasPanelRows(type: tensor_type, rows: Int) -> Int? { nil }
        func reserveBLASPanels(_ weights: [Tensor]) {}
        func blasMultiply(
            _ panel: Tensor, x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>,
            shape: (rows: Int, stride: Int), worker: Int
        ) {}
    }
#endif
