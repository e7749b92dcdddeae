package dev.squall.bench;

import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufTensor;

/** How many bytes of weights one decoded token needs. */
final class DecodeTraffic {
    private static final String EMBEDDING = "token_embd.weight";
    private static final String HEAD = "output.weight";
    private static final String EXPERTS = "_exps.weight";

    private DecodeTraffic() {}

    /**
     * Every weight once, but of the experts only those in use, and of the embedding only a row, unless it is the head
     * too.
     */
    static long bytesPerToken(GgufFile file) {
        String architecture = file.metadata().string("general.architecture");
        long experts = file.metadata().int64(architecture + ".expert_count");
        long used = file.metadata().int64(architecture + ".expert_used_count");
        boolean tied = file.find(HEAD).isEmpty();
        long bytes = 0;
        for (GgufTensor tensor : file.tensors().values()) {
            if (tensor.name().endsWith(EXPERTS)) {
                bytes += tensor.bytes() / experts * used;
            } else if (tensor.name().equals(EMBEDDING) && !tied) {
                bytes += tensor.rowBytes();
            } else {
                bytes += tensor.bytes();
            }
        }
        return bytes;
    }
}
