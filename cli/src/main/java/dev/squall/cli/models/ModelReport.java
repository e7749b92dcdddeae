package dev.squall.cli.models;

import dev.squall.cli.option.Sizes;
import dev.squall.cli.terminal.Palette;
import dev.squall.cli.terminal.TerminalText;
import java.io.PrintStream;
import java.util.Locale;

/** Prints a model's summary for people. */
final class ModelReport {
    private final PrintStream out;
    private final Palette palette;

    ModelReport(PrintStream out, Palette palette) {
        this.out = out;
        this.palette = palette;
    }

    void print(ModelSummary model) {
        out.println(palette.bold(TerminalText.line(model.file().toString())));
        if (model.name() != null) {
            field("name", model.name());
        }
        field("architecture", model.architecture());
        field(
                "size",
                Sizes.bytes(model.bytes()) + (model.parts() > 1 ? " in " + model.parts() + " parts" : "")
                        + ", " + Sizes.count(model.parameters()) + " parameters, of which "
                        + Sizes.count(model.activeParameters()) + " work on each token");
        field(
                "shape",
                "%s layers, embedding %s, %s query and %s key/value heads, context %s"
                        .formatted(
                                known(model.layers()),
                                known(model.embedding()),
                                known(model.heads()),
                                known(model.headsKv()),
                                known(model.contextTrained())));
        field("experts", experts(model));
        field("tokenizer", model.tokenizer() + (model.vocabulary() < 0 ? "" : ", " + model.vocabulary() + " tokens"));
        field(
                "template",
                model.templateCharacters() == 0
                        ? "none: a base model, for squall chat --raw"
                        : "chat template of " + model.templateCharacters() + " characters");
        if (model.refusal() == null) {
            field(
                    "memory",
                    "%s of weights, mapped from the file, and %s for a context of %d tokens"
                            .formatted(
                                    Sizes.bytes(model.bytes()),
                                    Sizes.bytes(model.contextBytes()),
                                    model.contextTokens()));
        }
        field("tensors", "");
        for (ModelSummary.TensorGroup group : model.tensors()) {
            out.println("    %-14s %-8s %5d %s %10s"
                    .formatted(
                            group.tensorClass().title(),
                            group.type(),
                            group.count(),
                            group.count() == 1 ? "tensor " : "tensors",
                            Sizes.bytes(group.bytes())));
        }
        if (model.refusal() != null) {
            out.println("  " + palette.warning("not run by this Squall: ") + TerminalText.line(model.refusal()));
        }
    }

    private static String experts(ModelSummary model) {
        if (model.experts() <= 0) {
            return "none: a dense model";
        }
        String size = model.expertBytesMin() == model.expertBytesMax()
                ? Sizes.bytes(model.expertBytesMin())
                : Sizes.bytes(model.expertBytesMin()) + " to " + Sizes.bytes(model.expertBytesMax());
        return "%d in a layer, %s used for a token; each %s, all together %s (%s of the file)"
                .formatted(
                        model.experts(),
                        known(model.expertsUsed()),
                        size,
                        Sizes.bytes(model.expertBytesTotal()),
                        String.format(Locale.ROOT, "%.0f %%", 100.0 * model.expertBytesTotal() / model.bytes()));
    }

    private static String known(int number) {
        return number < 0 ? "?" : Integer.toString(number);
    }

    private void field(String name, String value) {
        out.println("  " + palette.dim("%-14s".formatted(name)) + TerminalText.line(value));
    }
}
