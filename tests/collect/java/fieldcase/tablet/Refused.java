package fieldcase.tablet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** The form could not be filled as asked; `kind` says why in one word, `path` where. */
final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient ObjectNode report = Main.JSON.createObjectNode();

    Refused(String kind, String path, String message) {
        super(message);
        report.put("ok", false).put("kind", kind).put("path", path).put("error", message);
    }

    Refused with(String field, JsonNode value) {
        report.set(field, value);
        return this;
    }

    ObjectNode report() {
        return report;
    }
}
