package dev.squall.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.function.BinaryOperator;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToIntBiFunction;
import java.util.function.ToIntFunction;
import java.util.function.UnaryOperator;

/**
 * llama.cpp's C interface as of its release v0.5.0, called without any JavaScript between. Struct layouts are those of
 * that release's {@code llama.h}; the defaults that the library returns are checked against it, so that another version
 * is refused rather than misread. Loaded once for the life of the process; not thread-safe.
 */
@SuppressWarnings("restricted")
final class LibLlama {
    static final String RELEASE = "v0.5.0";

    static final int FLASH_ATTENTION_AUTO = -1;
    static final int FLASH_ATTENTION_OFF = 0;

    private static final int LOAD_MODE_MMAP = 1;
    private static final int LOG_LEVEL_ERROR = 4;
    private static final int GGML_TYPE_F16 = 1;

    private static final StructLayout MODEL_PARAMS = MemoryLayout.structLayout(
            ADDRESS.withName("devices"),
            ADDRESS.withName("tensor_buft_overrides"),
            JAVA_INT.withName("n_gpu_layers"),
            JAVA_INT.withName("split_mode"),
            JAVA_INT.withName("load_mode"),
            JAVA_INT.withName("lazy_mode"),
            JAVA_INT.withName("main_gpu"),
            MemoryLayout.paddingLayout(4),
            ADDRESS.withName("tensor_split"),
            ADDRESS.withName("progress_callback"),
            ADDRESS.withName("progress_callback_user_data"),
            ADDRESS.withName("kv_overrides"),
            JAVA_BOOLEAN.withName("vocab_only"),
            JAVA_BOOLEAN.withName("check_tensors"),
            JAVA_BOOLEAN.withName("use_extra_bufts"),
            JAVA_BOOLEAN.withName("no_host"),
            JAVA_BOOLEAN.withName("no_alloc"),
            JAVA_BOOLEAN.withName("load_mtp"),
            MemoryLayout.paddingLayout(2));

    private static final StructLayout CONTEXT_PARAMS = MemoryLayout.structLayout(
            JAVA_INT.withName("n_ctx"),
            JAVA_INT.withName("n_batch"),
            JAVA_INT.withName("n_ubatch"),
            JAVA_INT.withName("n_seq_max"),
            JAVA_INT.withName("n_rs_seq"),
            JAVA_INT.withName("n_outputs_max"),
            JAVA_INT.withName("n_outputs_max_per_seq"),
            JAVA_INT.withName("n_threads"),
            JAVA_INT.withName("n_threads_batch"),
            JAVA_INT.withName("ctx_type"),
            JAVA_INT.withName("rope_scaling_type"),
            JAVA_INT.withName("pooling_type"),
            JAVA_INT.withName("attention_type"),
            JAVA_INT.withName("flash_attn_type"),
            JAVA_FLOAT.withName("rope_freq_base"),
            JAVA_FLOAT.withName("rope_freq_scale"),
            JAVA_FLOAT.withName("yarn_ext_factor"),
            JAVA_FLOAT.withName("yarn_attn_factor"),
            JAVA_FLOAT.withName("yarn_beta_fast"),
            JAVA_FLOAT.withName("yarn_beta_slow"),
            JAVA_INT.withName("yarn_orig_ctx"),
            JAVA_FLOAT.withName("defrag_thold"),
            ADDRESS.withName("cb_eval"),
            ADDRESS.withName("cb_eval_user_data"),
            JAVA_INT.withName("type_k"),
            JAVA_INT.withName("type_v"),
            ADDRESS.withName("abort_callback"),
            ADDRESS.withName("abort_callback_data"),
            JAVA_BOOLEAN.withName("embeddings"),
            JAVA_BOOLEAN.withName("offload_kqv"),
            JAVA_BOOLEAN.withName("no_perf"),
            JAVA_BOOLEAN.withName("op_offload"),
            JAVA_BOOLEAN.withName("swa_full"),
            JAVA_BOOLEAN.withName("kv_unified"),
            MemoryLayout.paddingLayout(2),
            ADDRESS.withName("samplers"),
            JAVA_LONG.withName("n_samplers"),
            ADDRESS.withName("ctx_other"));

    private static final StructLayout BATCH = MemoryLayout.structLayout(
            JAVA_INT.withName("n_tokens"),
            MemoryLayout.paddingLayout(4),
            ADDRESS.withName("token"),
            ADDRESS.withName("embd"),
            ADDRESS.withName("pos"),
            ADDRESS.withName("n_seq_id"),
            ADDRESS.withName("seq_id"),
            ADDRESS.withName("logits"));

    private final Function<SegmentAllocator, MemorySegment> modelDefaultParams;
    private final Function<SegmentAllocator, MemorySegment> contextDefaultParams;
    private final BinaryOperator<MemorySegment> modelLoadFromFile;
    private final Consumer<MemorySegment> modelFree;
    private final BinaryOperator<MemorySegment> initFromModel;
    private final Consumer<MemorySegment> free;
    private final UnaryOperator<MemorySegment> modelGetVocab;
    private final ToIntFunction<MemorySegment> vocabNTokens;
    private final UnaryOperator<MemorySegment> getMemory;
    private final BiConsumer<MemorySegment, Boolean> memoryClear;
    private final ToIntBiFunction<MemorySegment, MemorySegment> decode;
    private final UnaryOperator<MemorySegment> getLogitsOfLast;
    private final Supplier<MemorySegment> printSystemInfo;

    private final List<String> errors = new CopyOnWriteArrayList<>();

    @SuppressWarnings("unchecked")
    private LibLlama(Path directory) {
        SymbolLookup llama = SymbolLookup.libraryLookup(library(directory, "libllama"), Arena.global());
        SymbolLookup ggml = SymbolLookup.libraryLookup(library(directory, "libggml"), Arena.global());
        modelDefaultParams =
                bind(Function.class, llama, "llama_model_default_params", FunctionDescriptor.of(MODEL_PARAMS));
        contextDefaultParams =
                bind(Function.class, llama, "llama_context_default_params", FunctionDescriptor.of(CONTEXT_PARAMS));
        modelLoadFromFile = bind(
                BinaryOperator.class,
                llama,
                "llama_model_load_from_file",
                FunctionDescriptor.of(ADDRESS, ADDRESS, MODEL_PARAMS));
        modelFree = bind(Consumer.class, llama, "llama_model_free", FunctionDescriptor.ofVoid(ADDRESS));
        initFromModel = bind(
                BinaryOperator.class,
                llama,
                "llama_init_from_model",
                FunctionDescriptor.of(ADDRESS, ADDRESS, CONTEXT_PARAMS));
        free = bind(Consumer.class, llama, "llama_free", FunctionDescriptor.ofVoid(ADDRESS));
        modelGetVocab =
                bind(UnaryOperator.class, llama, "llama_model_get_vocab", FunctionDescriptor.of(ADDRESS, ADDRESS));
        vocabNTokens =
                bind(ToIntFunction.class, llama, "llama_vocab_n_tokens", FunctionDescriptor.of(JAVA_INT, ADDRESS));
        getMemory = bind(UnaryOperator.class, llama, "llama_get_memory", FunctionDescriptor.of(ADDRESS, ADDRESS));
        memoryClear =
                bind(BiConsumer.class, llama, "llama_memory_clear", FunctionDescriptor.ofVoid(ADDRESS, JAVA_BOOLEAN));
        decode = bind(ToIntBiFunction.class, llama, "llama_decode", FunctionDescriptor.of(JAVA_INT, ADDRESS, BATCH));
        MethodHandle getLogitsIth =
                function(llama, "llama_get_logits_ith", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT));
        getLogitsOfLast = MethodHandleProxies.asInterfaceInstance(
                UnaryOperator.class, MethodHandles.insertArguments(getLogitsIth, 1, -1));
        printSystemInfo = bind(Supplier.class, llama, "llama_print_system_info", FunctionDescriptor.of(ADDRESS));
        keepErrorsOnly(llama);
        bind(Runnable.class, llama, "llama_backend_init", FunctionDescriptor.ofVoid())
                .run();
        try (Arena arena = Arena.ofConfined()) {
            bind(Consumer.class, ggml, "ggml_backend_load_all_from_path", FunctionDescriptor.ofVoid(ADDRESS))
                    .accept(arena.allocateFrom(directory.toString()));
        }
        checkLayouts();
    }

    /** Loads the library and the CPU backend that suits this processor best from {@code directory}. */
    static LibLlama load(Path directory) {
        return new LibLlama(directory.toAbsolutePath());
    }

    /** Opaque pointer to a loaded model; its file is mapped, repacked weights are copied. */
    MemorySegment loadModel(Path file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment params = modelDefaultParams.apply(arena);
            set(MODEL_PARAMS, params, "n_gpu_layers", 0);
            set(MODEL_PARAMS, params, "load_mode", LOAD_MODE_MMAP);
            errors.clear();
            MemorySegment model = modelLoadFromFile.apply(arena.allocateFrom(file.toString()), params);
            if (model.address() == 0) {
                throw new BenchException("llama.cpp does not load " + file + ": "
                        + String.join("", errors).strip());
            }
            return model;
        }
    }

    void freeModel(MemorySegment model) {
        modelFree.accept(model);
    }

    /**
     * Opaque pointer to a context with one sequence.
     *
     * @param contextTokens most tokens in the sequence, and in one batch
     * @param flashAttention one of the FLASH_ATTENTION constants
     */
    MemorySegment newContext(MemorySegment model, int contextTokens, int threads, int flashAttention) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment params = contextDefaultParams.apply(arena);
            set(CONTEXT_PARAMS, params, "n_ctx", contextTokens);
            set(CONTEXT_PARAMS, params, "n_batch", contextTokens);
            set(CONTEXT_PARAMS, params, "n_threads", threads);
            set(CONTEXT_PARAMS, params, "n_threads_batch", threads);
            set(CONTEXT_PARAMS, params, "flash_attn_type", flashAttention);
            errors.clear();
            MemorySegment context = initFromModel.apply(model, params);
            if (context.address() == 0) {
                throw new BenchException("llama.cpp makes no context of " + contextTokens + " tokens: "
                        + String.join("", errors).strip());
            }
            return context;
        }
    }

    void freeContext(MemorySegment context) {
        free.accept(context);
    }

    int vocabularySize(MemorySegment model) {
        return vocabNTokens.applyAsInt(modelGetVocab.apply(model));
    }

    /** Empties the context's sequence. */
    void clear(MemorySegment context) {
        memoryClear.accept(getMemory.apply(context), false);
    }

    /**
     * Evaluates tokens after those already in the sequence.
     *
     * @param tokens ids, in native memory
     * @return logits after the last token, F32[vocabularySize]; valid until the next call
     */
    MemorySegment decode(MemorySegment context, MemorySegment tokens, int vocabularySize) {
        int count = Math.toIntExact(tokens.byteSize() / Integer.BYTES);
        try (Arena arena = Arena.ofConfined()) {
            // Without positions, sequences and outputs llama.cpp continues sequence 0 and gives the last token's
            // logits.
            MemorySegment batch = arena.allocate(BATCH);
            set(BATCH, batch, "n_tokens", count);
            batch.set(ADDRESS, BATCH.byteOffset(PathElement.groupElement("token")), tokens);
            errors.clear();
            int status = decode.applyAsInt(context, batch);
            if (status != 0) {
                throw new BenchException("llama_decode returned " + status + " for " + count + " tokens, expected 0: "
                        + String.join("", errors).strip());
            }
            return getLogitsOfLast.apply(context).reinterpret((long) vocabularySize * Float.BYTES);
        }
    }

    /** The instruction sets that the loaded CPU backend uses, as llama.cpp prints them. */
    String systemInfo() {
        return printSystemInfo.get().reinterpret(Long.MAX_VALUE).getString(0).strip();
    }

    private static Path library(Path directory, String name) {
        Path file = directory.resolve(name + "." + RELEASE + ".so");
        if (!Files.isRegularFile(file)) {
            throw new BenchException("no " + file.getFileName() + " in " + directory
                    + ": run npm i --ignore-scripts node-llama-cpp@3.22 and name its folder"
                    + " node_modules/@node-llama-cpp/linux-x64/bins/linux-x64");
        }
        return file;
    }

    @SuppressWarnings("unchecked")
    private void keepErrorsOnly(SymbolLookup llama) {
        FunctionDescriptor descriptor = FunctionDescriptor.ofVoid(JAVA_INT, ADDRESS, ADDRESS);
        try {
            MethodHandle listener = MethodHandles.lookup().bind(this, "hear", descriptor.toMethodType());
            bind(BiConsumer.class, llama, "llama_log_set", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS))
                    .accept(Linker.nativeLinker().upcallStub(listener, descriptor, Arena.global()), MemorySegment.NULL);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("LibLlama.hear has another signature", e);
        }
    }

    /** Called by llama.cpp for each line that it logs, on whatever thread it logs from. */
    @SuppressWarnings("unused")
    private void hear(int level, MemorySegment text, MemorySegment userData) {
        if (level == LOG_LEVEL_ERROR) {
            errors.add(text.reinterpret(Long.MAX_VALUE).getString(0));
        }
    }

    private void checkLayouts() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment model = modelDefaultParams.apply(arena);
            MemorySegment context = contextDefaultParams.apply(arena);
            checkDefault(MODEL_PARAMS, model, "n_gpu_layers", -1);
            checkDefault(MODEL_PARAMS, model, "use_extra_bufts", true);
            checkDefault(MODEL_PARAMS, model, "load_mtp", false);
            checkDefault(CONTEXT_PARAMS, context, "n_ctx", 512);
            checkDefault(CONTEXT_PARAMS, context, "n_ubatch", 512);
            checkDefault(CONTEXT_PARAMS, context, "flash_attn_type", FLASH_ATTENTION_AUTO);
            checkDefault(CONTEXT_PARAMS, context, "defrag_thold", -1f);
            checkDefault(CONTEXT_PARAMS, context, "type_v", GGML_TYPE_F16);
            checkDefault(CONTEXT_PARAMS, context, "swa_full", true);
            checkDefault(CONTEXT_PARAMS, context, "n_samplers", 0L);
        }
    }

    private static void checkDefault(StructLayout layout, MemorySegment struct, String field, Object expected) {
        Object actual = layout.varHandle(PathElement.groupElement(field)).get(struct, 0L);
        if (!expected.equals(actual)) {
            throw new BenchException("llama.cpp's default " + field + "=" + actual + ", expected " + expected
                    + " as in release " + RELEASE + ": its structs are laid out differently");
        }
    }

    private static void set(StructLayout layout, MemorySegment struct, String field, int value) {
        struct.set(JAVA_INT, layout.byteOffset(PathElement.groupElement(field)), value);
    }

    private static <T> T bind(Class<T> type, SymbolLookup library, String name, FunctionDescriptor descriptor) {
        return MethodHandleProxies.asInterfaceInstance(type, function(library, name, descriptor));
    }

    private static MethodHandle function(SymbolLookup library, String name, FunctionDescriptor descriptor) {
        MemorySegment symbol = library.find(name)
                .orElseThrow(
                        () -> new BenchException("llama.cpp exports no " + name + ", expected release " + RELEASE));
        return Linker.nativeLinker().downcallHandle(symbol, descriptor);
    }
}
