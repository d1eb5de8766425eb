// Imported before all else: without it, builds of ONNX Runtime for Linux report home since 1.29.
process.env.ORT_DISABLE_TELEMETRY ??= '1';
