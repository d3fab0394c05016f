package fieldcase.tablet;

import com.fasterxml.jackson.databind.JsonNode;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import org.javarosa.core.model.Constants;

/** The folder of the instance: photos, recordings and files that the answers name. */
final class Attachments {
    private static final int SIZE = 2_000;
    private static long lastMillisecond;
    private final File folder;
    private final Random random;
    final Map<String, Integer> kept = new LinkedHashMap<>();

    Attachments(File folder, long seed) {
        this.folder = folder;
        this.random = new Random(seed ^ 0x5eed);
    }

    /** The name of a new file; `value` is its name, or says `name`, `size` in bytes, or the `path` of the bytes to take. */
    String keep(JsonNode value, int control) {
        JsonNode told = value.isObject() ? value : Main.JSON.createObjectNode().put("name", value.asText());
        String name = told.path("name").asText("");
        if (name.isEmpty()) {
            name = freshName(control);
        }
        if (name.contains("/") || name.startsWith(".")) {
            throw new IllegalArgumentException("the tablet gives no file a name with a slash or a leading dot");
        }
        try {
            byte[] bytes = told.has("path") ? Files.readAllBytes(Path.of(told.get("path").asText()))
                : make(name, control, told.path("size").asInt(SIZE));
            write(name, bytes);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        return name;
    }

    String keepRandom(int control) {
        int size = random.nextInt(20) == 0 ? 200_000 + random.nextInt(100_000) : 200 + random.nextInt(4_000);
        return keep(Main.JSON.createObjectNode().put("size", size), control);
    }

    void write(String name, byte[] bytes) throws IOException {
        Files.write(new File(folder, name).toPath(), bytes);
        kept.put(name, bytes.length);
    }

    /** Names are the millisecond of the recording, as on the tablet; no two files of one run share one. */
    static synchronized String freshName(int control) {
        lastMillisecond = Math.max(lastMillisecond + 1, System.currentTimeMillis());
        return lastMillisecond + switch (control) {
            case Constants.CONTROL_IMAGE_CHOOSE -> ".jpg";
            case Constants.CONTROL_AUDIO_CAPTURE -> ".m4a";
            case Constants.CONTROL_VIDEO_CAPTURE -> ".mp4";
            case Constants.CONTROL_OSM_CAPTURE -> ".osm";
            default -> ".pdf";
        };
    }

    private byte[] make(String name, int control, int size) throws IOException {
        byte[] head = head(name.toLowerCase(java.util.Locale.ROOT), control);
        byte[] bytes = new byte[Math.max(size, head.length)];
        random.nextBytes(bytes);
        System.arraycopy(head, 0, bytes, 0, head.length);
        return bytes;
    }

    private byte[] head(String name, int control) throws IOException {
        if (name.endsWith(".jpg") || name.endsWith(".jpeg")) {
            return picture("jpg");
        }
        if (name.endsWith(".png")) {
            return picture("png");
        }
        String words = control == Constants.CONTROL_AUDIO_CAPTURE ? "\0\0\0\u0018ftypM4A \0\0\0\0M4A mp42"
            : control == Constants.CONTROL_VIDEO_CAPTURE ? "\0\0\0\u0018ftypmp42\0\0\0\0mp42isom"
            : name.endsWith(".pdf") ? "%PDF-1.4\n" : "";
        return words.getBytes(StandardCharsets.ISO_8859_1);
    }

    private byte[] picture(String format) throws IOException {
        BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        for (int pixel = 0; pixel < 64; pixel++) {
            image.setRGB(pixel % 8, pixel / 8, random.nextInt(0x1000000));
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.setUseCache(false);
        ImageIO.write(image, format, bytes);
        return bytes.toByteArray();
    }
}
