package dev.squall.cli.process;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Locale;

/** Turns whatever went wrong into one line for a person. */
public final class Failures {
    private Failures() {}

    public static String describe(Throwable failure) {
        if (isBeyondMapping(failure)) {
            return "a mapped file ends before what was read of it: a model file was cut short or overwritten while it was in"
                    + " use: bring it back, and start the same command again";
        }
        return oneLine(
                switch (failure) {
                    case UncheckedIOException e when e.getCause() != null -> describe(e.getCause());
                    case NoSuchFileException e -> "file not found: " + e.getFile() + ": check the path";
                    case AccessDeniedException e -> "permission denied: " + e.getFile();
                    case NotDirectoryException e -> "not a folder: " + e.getFile();
                    case FileSystemException e -> e.getFile() + ": " + uncapitalised(reason(e));
                    case CharacterCodingException e ->
                        "not UTF-8 text (" + text(e) + "): convert it first, with iconv for example";
                    // Of what Squall reads as a tree, only what comes after its end can mismatch.
                    case MismatchedInputException e -> "more than one value";
                    case JsonProcessingException e -> e.getOriginalMessage().replaceFirst(" \\(start marker at .*", "");
                    case IOException e -> text(e);
                    case InvalidPathException e -> "no file name: '" + e.getInput() + "' (" + e.getReason() + ")";
                    case OutOfMemoryError e
                    when isOutsideHeap(e) ->
                        "out of memory: %s: free memory, or use a smaller --ctx-size, --expert-cache or --concurrency"
                                .formatted(uncapitalised(text(e)));
                    case OutOfMemoryError _ ->
                        "out of memory: the Java heap may take %d MiB: use a smaller --ctx-size, or set SQUALL_JAVA_OPTS=-Xmx2g"
                                .formatted(Runtime.getRuntime().maxMemory() >> 20);
                    case RuntimeException e when isOurs(e) -> text(e);
                    default ->
                        "internal error: " + failure.getClass().getSimpleName() + ": " + text(failure)
                                + " (--debug shows where)";
                });
    }

    /** What Java throws where it survives that, on whatever thread. */
    private static boolean isBeyondMapping(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof InternalError && text(cause).contains("unsafe memory access")) {
                return true;
            }
        }
        return false;
    }

    /** Whether the machine refuses memory, or a thread, that has nothing to do with Java's heap. */
    private static boolean isOutsideHeap(OutOfMemoryError failure) {
        return text(failure).toLowerCase(Locale.ROOT).startsWith("unable to ");
    }

    /** A sentence as the continuation of another. */
    public static String uncapitalised(String sentence) {
        return sentence.isEmpty() ? sentence : Character.toLowerCase(sentence.charAt(0)) + sentence.substring(1);
    }

    /** The text with its line breaks as spaces: an error is one line. */
    public static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }

    /** Our own exceptions carry messages that are complete; those of the JDK do not. */
    private static boolean isOurs(Throwable failure) {
        return failure.getClass().getName().startsWith("dev.squall.");
    }

    private static String reason(FileSystemException failure) {
        return failure.getReason() == null ? failure.getClass().getSimpleName() : failure.getReason();
    }

    private static String text(Throwable failure) {
        return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    }
}
