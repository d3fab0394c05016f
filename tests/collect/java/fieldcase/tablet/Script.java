package fieldcase.tablet;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The answers somebody wrote down beforehand, found again by the place where the form asks. */
final class Script {
    private final Outline outline;
    private final Map<String, List<Line>> lines = new HashMap<>();
    private final List<Line> counts = new ArrayList<>();
    final List<Line> all = new ArrayList<>();
    final List<Refused> mistakes = new ArrayList<>();

    static final class Line {
        final Place place;
        final JsonNode value;
        boolean counts;
        boolean asked;

        int instances() {
            return value.isArray() ? value.size() : value.asInt();
        }

        Line(Place place, JsonNode value) {
            this.place = place;
            this.value = value;
        }
    }

    Script(JsonNode answers, Outline outline) {
        this.outline = outline;
        answers.fields().forEachRemaining(entry -> add(null, entry.getKey(), entry.getValue()));
    }

    private void add(Place above, String key, JsonNode value) {
        try {
            Place place = resolve(above, key);
            if (outline.repeats.containsKey(place.path())) {
                addRepeat(place, value);
            } else {
                Line line = new Line(place, value);
                lines.computeIfAbsent(place.path(), path -> new ArrayList<>()).add(line);
                all.add(line);
            }
        } catch (Refused mistake) {
            mistakes.add(mistake);
        }
    }

    private void addRepeat(Place place, JsonNode value) {
        if (value.isObject()) {
            value.fields().forEachRemaining(entry -> add(place, entry.getKey(), entry.getValue()));
            return;
        }
        if (!value.isArray() && !value.canConvertToInt()) {
            throw new Refused("value", place.toString(), "a repeat takes a list of answers, or the number of its instances");
        }
        Line count = new Line(place, value);
        count.counts = true;
        count.asked = count.instances() == 0;
        counts.add(count);
        all.add(count);
        for (int instance = 0; instance < value.size(); instance++) {
            Place at = place.at(instance + 1);
            value.get(instance).fields().forEachRemaining(entry -> add(at, entry.getKey(), entry.getValue()));
        }
    }

    private Place resolve(Place above, String key) {
        if (key.startsWith("/")) {
            Place place = Place.parse(key);
            String path = place.path();
            if (!outline.questions.containsKey(path) && !outline.repeats.containsKey(path)) {
                throw new Refused("unknown", key, outline.holds(path) ? "the form does not ask this, it fills it in itself"
                    : "the form has no such question");
            }
            return above == null ? place : place.within(above);
        }
        Place tail = Place.parse("/" + key);
        List<String> found = outline.ending(tail.path().substring(1), above == null ? "" : above.path());
        if (found.size() != 1) {
            throw new Refused("unknown", key, found.isEmpty() ? "the form has no such question"
                : "several questions have this name: " + String.join(", ", found));
        }
        Place place = Place.parse(found.get(0)).ending(tail);
        return above == null ? place : place.within(above);
    }

    /** The written answer for a place, the one that says most positions first; null when nothing was written. */
    Line answer(Place place) {
        Line best = null;
        for (Line line : lines.getOrDefault(place.path(), List.of())) {
            if (line.place.allows(place, place.names().size()) && (best == null || line.place.precision() > best.place.precision())) {
                best = line;
            }
        }
        return best;
    }

    /** How many instances of a repeat the script needs; -1 when it does not say. */
    int instances(Place repeat) {
        int steps = repeat.names().size();
        Line count = count(repeat);
        if (count != null) {
            count.asked = true;
            return count.instances();
        }
        int most = -1;
        for (Line line : all) {
            if (line.place.names().size() > steps && line.place.names().subList(0, steps).equals(repeat.names())) {
                int position = line.place.positions().get(steps - 1);
                if (position > most && line.place.allows(repeat, steps - 1)) {
                    most = position;
                }
            }
        }
        return most == 0 ? -1 : most;
    }

    /** The form itself made this instance of a repeat that it counts. */
    void entered(Place instance) {
        Line count = count(instance);
        if (count != null && instance.position() >= count.instances()) {
            count.asked = true;
        }
    }

    private Line count(Place repeat) {
        Line best = null;
        for (Line count : counts) {
            if (count.place.path().equals(repeat.path()) && count.place.at(0).allows(repeat.at(0), repeat.names().size())
                && (best == null || count.place.precision() > best.place.precision())) {
                best = count;
            }
        }
        return best;
    }
}
