package dev.squall.cli.models;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Writes models as one JSON object: {@code {"models":[...]}}. What a file does not say is null. */
final class ModelJson {
    private ModelJson() {}

    static void write(OutputStream out, List<ModelsCommand.Entry> entries) throws IOException {
        JsonFactory factory = new JsonFactory().disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
        try (JsonGenerator json = factory.createGenerator(out)) {
            json.writeStartObject();
            json.writeArrayFieldStart("models");
            for (ModelsCommand.Entry entry : entries) {
                json.writeStartObject();
                json.writeStringField("file", entry.file().toString());
                if (entry.summary() == null) {
                    json.writeStringField("error", entry.failure());
                } else {
                    writeFields(json, entry.summary());
                }
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        out.write(System.lineSeparator().getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private static void writeFields(JsonGenerator json, ModelSummary model) throws IOException {
        json.writeNumberField("parts", model.parts());
        json.writeNumberField("bytes", model.bytes());
        json.writeStringField("name", model.name());
        json.writeStringField("architecture", model.architecture());
        json.writeBooleanField("supported", model.refusal() == null);
        json.writeStringField("refusal", model.refusal());
        json.writeNumberField("parameters", model.parameters());
        json.writeNumberField("active_parameters", model.activeParameters());
        writeKnown(json, "layers", model.layers());
        writeKnown(json, "embedding", model.embedding());
        writeKnown(json, "heads", model.heads());
        writeKnown(json, "heads_kv", model.headsKv());
        writeKnown(json, "context_trained", model.contextTrained());
        writeKnown(json, "experts", model.experts());
        writeKnown(json, "experts_used", model.expertsUsed());
        json.writeNumberField("expert_bytes_min", model.expertBytesMin());
        json.writeNumberField("expert_bytes_max", model.expertBytesMax());
        json.writeNumberField("expert_bytes_total", model.expertBytesTotal());
        json.writeStringField("tokenizer", model.tokenizer());
        writeKnown(json, "vocabulary", model.vocabulary());
        json.writeNumberField("template_characters", model.templateCharacters());
        json.writeNumberField("context_tokens", model.contextTokens());
        json.writeNumberField("context_bytes", model.contextBytes());
        json.writeArrayFieldStart("tensors");
        for (ModelSummary.TensorGroup group : model.tensors()) {
            json.writeStartObject();
            json.writeStringField("class", group.tensorClass().title());
            json.writeStringField("type", group.type());
            json.writeNumberField("count", group.count());
            json.writeNumberField("bytes", group.bytes());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void writeKnown(JsonGenerator json, String field, int number) throws IOException {
        if (number < 0) {
            json.writeNullField(field);
        } else {
            json.writeNumberField(field, number);
        }
    }
}
