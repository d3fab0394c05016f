package fieldcase.tablet;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.GroupDef;
import org.javarosa.core.model.IFormElement;
import org.javarosa.core.model.QuestionDef;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.instance.TreeReference;

/** What the form asks, by path without positions: questions, repeats, and all nodes of its data. */
final class Outline {
    final Map<String, QuestionDef> questions = new LinkedHashMap<>();
    final Map<String, GroupDef> repeats = new LinkedHashMap<>();
    private final Set<String> nodes = new HashSet<>();
    private final Set<String> counts = new HashSet<>();

    Outline(FormDef form) {
        collect(form);
        collect(form.getMainInstance().getRoot(), "");
    }

    private void collect(IFormElement element) {
        if (element.getChildren() == null) {
            return;
        }
        for (IFormElement child : element.getChildren()) {
            String path = child.getBind() == null ? null : pathOf((TreeReference) child.getBind().getReference());
            if (child instanceof QuestionDef question) {
                questions.put(path, question);
            } else if (child instanceof GroupDef group && group.getRepeat()) {
                repeats.put(path, group);
                if (group.getCountReference() != null) {
                    counts.add(pathOf(group.getConextualizedCountReference((TreeReference) group.getBind().getReference())));
                }
            }
            collect(child);
        }
    }

    private void collect(TreeElement node, String above) {
        String path = above + "/" + node.getName();
        nodes.add(path);
        for (int child = 0; child < node.getNumChildren(); child++) {
            collect(node.getChildAt(child), path);
        }
    }

    static String pathOf(TreeReference reference) {
        StringBuilder path = new StringBuilder();
        for (int level = 0; level < reference.size(); level++) {
            path.append('/').append(reference.getName(level));
        }
        return path.toString();
    }

    boolean holds(String path) {
        return nodes.contains(path);
    }

    /** True when this number says how often a repeat repeats, or may do so by way of a calculation. */
    boolean mayCount(String path) {
        return counts.contains(path) || !questions.keySet().containsAll(counts);
    }

    /** The questions and repeats whose path ends in these steps, below a given path. */
    List<String> ending(String steps, String below) {
        return Stream.concat(questions.keySet().stream(), repeats.keySet().stream())
            .filter(path -> path.endsWith("/" + steps) && path.startsWith(below + "/")).distinct().toList();
    }
}
