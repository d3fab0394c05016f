package fieldcase.tablet;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.data.StringData;
import org.javarosa.core.model.instance.TreeElement;

/** What a form with an `audit` question notes about its own filling: one line for each step, times in milliseconds. */
final class AuditLog {
    static final String FILE = "audit.csv";
    private static final String ODK = "http://www.opendatakit.org/xforms";
    private TreeElement node;
    private final boolean located;
    private final boolean changes;
    private final boolean named;
    private final boolean reasoned;
    private final Device device;
    private final List<String> lines = new ArrayList<>();
    private long clock = System.currentTimeMillis();

    AuditLog(TreeElement root, Device device) {
        node = find(root);
        located = node != null && node.getBindAttributeValue(ODK, "location-priority") != null;
        changes = says("track-changes");
        named = says("identify-user");
        reasoned = node != null && node.getBindAttributeValue(ODK, "track-changes-reasons") != null;
        this.device = device;
        point("form start");
    }

    private static TreeElement find(TreeElement root) {
        TreeElement meta = root.getFirstChild("meta");
        return meta == null ? null : meta.getFirstChild("audit");
    }

    /** The same log goes on in the form as it was opened again. */
    void resume(TreeElement root) {
        point("form save");
        point("form exit");
        node = find(root);
        point("form resume");
    }

    private boolean says(String attribute) {
        return node != null && Boolean.parseBoolean(node.getBindAttributeValue(ODK, attribute));
    }

    void point(String event) {
        line(event, "", "", "", "");
    }

    /** A step that took a moment, with what the answer was before and after. */
    void step(String event, Place place, IAnswerData before, IAnswerData after) {
        String old = before == null ? "" : before.getDisplayText();
        String fresh = after == null ? "" : after.getDisplayText();
        boolean same = old.equals(fresh);
        line(event, place.toString(), Long.toString(clock + 700), same ? "" : old, same ? "" : fresh);
    }

    private void line(String event, String path, String end, String old, String fresh) {
        StringBuilder line = new StringBuilder(event).append(',').append(path).append(',').append(clock).append(',').append(end);
        if (located) {
            String[] point = (device.location() + "   ").split(" ", -1);
            line.append(',').append(point[0]).append(',').append(point[1]).append(',').append(point[3]);
        }
        if (changes) {
            line.append(',').append(quoted(old)).append(',').append(quoted(fresh));
        }
        if (named) {
            line.append(',').append(quoted(device.getSingularProperty("username")));
        }
        if (reasoned) {
            line.append(',');
        }
        lines.add(line.toString());
        clock = end.isEmpty() ? clock : Long.parseLong(end);
    }

    private static String quoted(String value) {
        return value.matches("(?s).*[,\"\r\n].*") ? '"' + value.replace("\"", "\"\"") + '"' : value;
    }

    /** The file lies in the instance's folder and the form names it; nothing happens when the form wants no audit. */
    void keep(Attachments attachments) throws java.io.IOException {
        if (node == null) {
            return;
        }
        point("form save");
        point("form exit");
        point("form finalize");
        String header = "event,node,start,end" + (located ? ",latitude,longitude,accuracy" : "") + (changes ? ",old-value,new-value" : "")
            + (named ? ",user" : "") + (reasoned ? ",change-reason" : "");
        attachments.write(FILE, (header + "\n" + String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
        node.setValue(new StringData(FILE));
    }
}
