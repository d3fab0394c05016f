package fieldcase.tablet;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.javarosa.core.model.instance.TreeReference;

/** A path through the form: a name for each step, and which repeat instance (from 1; 0 when the path does not say). */
record Place(List<String> names, List<Integer> positions) {
    private static final Pattern STEP = Pattern.compile("/([^/\\[\\]]+)(?:\\[(\\d+)\\])?");

    static Place parse(String path) {
        List<String> names = new ArrayList<>();
        List<Integer> positions = new ArrayList<>();
        Matcher step = STEP.matcher(path);
        int end = 0;
        while (step.find() && step.start() == end) {
            names.add(step.group(1));
            positions.add(step.group(2) == null ? 0 : Integer.parseInt(step.group(2)));
            end = step.end();
        }
        if (end != path.length() || names.isEmpty()) {
            throw new Refused("unknown", path, "this is not a path of the form /data/group[2]/question");
        }
        return new Place(names, positions);
    }

    static Place of(TreeReference reference, Outline outline) {
        List<String> names = new ArrayList<>();
        List<Integer> positions = new ArrayList<>();
        StringBuilder path = new StringBuilder();
        for (int level = 0; level < reference.size(); level++) {
            path.append('/').append(reference.getName(level));
            names.add(reference.getName(level));
            positions.add(outline.repeats.containsKey(path.toString()) ? reference.getMultiplicity(level) + 1 : 0);
        }
        return new Place(names, positions);
    }

    String path() {
        return "/" + String.join("/", names);
    }

    String name() {
        return names.get(names.size() - 1);
    }

    int position() {
        return positions.get(positions.size() - 1);
    }

    Place at(int position) {
        List<Integer> moved = new ArrayList<>(positions);
        moved.set(moved.size() - 1, position);
        return new Place(names, moved);
    }

    /** This path with the positions that another path, above it or beside it, already says. */
    Place within(Place above) {
        List<Integer> filled = new ArrayList<>(positions);
        for (int level = 0; level < Math.min(filled.size(), above.names.size()); level++) {
            if (filled.get(level) == 0) {
                filled.set(level, above.positions.get(level));
            }
        }
        return new Place(names, filled);
    }

    /** This path with the positions that a tail of it says. */
    Place ending(Place tail) {
        List<Integer> filled = new ArrayList<>(positions.subList(0, positions.size() - tail.positions.size()));
        filled.addAll(tail.positions);
        return new Place(names, filled);
    }

    /** Every position that this path says is also said by the other one, down to the given number of steps. */
    boolean allows(Place actual, int steps) {
        for (int level = 0; level < steps; level++) {
            if (!names.get(level).equals(actual.names.get(level))
                || (positions.get(level) != 0 && !positions.get(level).equals(actual.positions.get(level)))) {
                return false;
            }
        }
        return true;
    }

    int precision() {
        return (int) positions.stream().filter(position -> position > 0).count();
    }

    @Override
    public String toString() {
        StringBuilder path = new StringBuilder();
        for (int level = 0; level < names.size(); level++) {
            path.append('/').append(names.get(level));
            if (positions.get(level) > 0) {
                path.append('[').append(positions.get(level)).append(']');
            }
        }
        return path.toString();
    }
}
