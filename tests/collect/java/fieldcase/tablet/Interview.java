package fieldcase.tablet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.FormIndex;
import org.javarosa.core.model.GroupDef;
import org.javarosa.core.model.ValidateOutcome;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryPrompt;
import org.javarosa.xform.parse.XFormParser;

/** The walk through an open form, question by question, as a person goes forward through its screens. */
final class Interview {
    private final FormEntryController controller;
    private final FormDef form;
    private final Outline outline;
    private final Script script;
    private final Chance chance;
    private final Values values;
    private final AuditLog audit;
    private final JsonNode job;
    private final boolean strict;
    private final boolean seeded;
    private final boolean fills;
    private final Map<String, Integer> instances = new HashMap<>();
    final Map<String, ObjectNode> asked = new LinkedHashMap<>();
    final ArrayNode violations = Main.JSON.createArrayNode();

    Interview(FormEntryController controller, Outline outline, Script script, Attachments attachments, AuditLog audit, JsonNode job) {
        this.controller = controller;
        this.form = controller.getModel().getForm();
        this.outline = outline;
        this.script = script;
        this.chance = new Chance(job.path("seed").asLong(0), attachments);
        this.values = new Values(attachments);
        this.audit = audit;
        this.job = job;
        this.strict = job.path("strict").asBoolean(true);
        this.seeded = job.hasNonNull("seed");
        this.fills = job.path("fill_required").asBoolean(true);
    }

    /** From here to the end of the form. */
    void walk() {
        while (controller.stepToNextEvent() != FormEntryController.EVENT_END_OF_FORM) {
            FormIndex index = controller.getModel().getFormIndex();
            switch (controller.getModel().getEvent()) {
                case FormEntryController.EVENT_QUESTION -> ask(index);
                case FormEntryController.EVENT_PROMPT_NEW_REPEAT -> offer(index);
                case FormEntryController.EVENT_REPEAT -> enter(index);
                default -> { }
            }
        }
        audit.point("end screen");
    }

    private void ask(FormIndex index) {
        FormEntryPrompt prompt = controller.getModel().getQuestionPrompt(index);
        Place place = Place.of(index.getReference(), outline);
        ObjectNode entry = asked.computeIfAbsent(place.toString(), path -> Main.JSON.createObjectNode().put("path", path));
        entry.put("name", place.name()).put("label", prompt.getQuestionText()).put("required", prompt.isRequired())
            .put("read_only", prompt.isReadOnly());
        Script.Line line = script.answer(place);
        if (prompt.isReadOnly()) {
            if (line != null && strict) {
                throw new Refused("readonly", place.toString(), "the form shows this but takes no answer");
            }
            return;
        }
        IAnswerData before = prompt.getAnswerValue();
        IAnswerData answer = choose(prompt, place, line);
        int outcome = controller.answerQuestion(index, answer, true);
        if (outcome == FormEntryController.ANSWER_CONSTRAINT_VIOLATED) {
            violated(prompt, place, answer);
        }
        TreeElement node = node(index);
        if (prompt.isRequired() && node.getValue() == null) {
            throw new Refused(line == null && fills ? "unsatisfied" : "required", place.toString(), requiredText(node))
                .with("violations", violations);
        }
        audit.step("question", place, before, node.getValue());
        entry.put("shown", node.getValue() == null ? null : controller.getModel().getQuestionPrompt(index).getAnswerText());
    }

    private TreeElement node(FormIndex index) {
        return form.getMainInstance().resolveReference(index.getReference());
    }

    private String requiredText(TreeElement node) {
        String told = node.getBindAttributeValue(XFormParser.NAMESPACE_JAVAROSA, "requiredMsg");
        if (told != null && told.startsWith("jr:itext('")) {
            told = form.getLocalizer().getText(told.substring("jr:itext('".length(), told.length() - 2));
        }
        return told == null ? "Sorry, this response is required!" : told;
    }

    private IAnswerData choose(FormEntryPrompt prompt, Place place, Script.Line line) {
        if (line != null) {
            line.asked = true;
            return values.from(line.value, prompt, place.toString());
        }
        IAnswerData present = prompt.getAnswerValue();
        boolean must = prompt.isRequired() && present == null && fills;
        boolean may = seeded && !chance.happens(present == null ? job.path("skip").asDouble(0.2) : 0.5);
        if (!must && !may) {
            return present;
        }
        IAnswerData drawn = draw(prompt);
        return drawn == null ? present : drawn;
    }

    private IAnswerData draw(FormEntryPrompt prompt) {
        TreeElement node = node(prompt.getIndex());
        boolean counts = outline.mayCount(Outline.pathOf(prompt.getIndex().getReference()));
        return chance.answer(prompt, node, form, counts ? job.path("repeats").asInt(3) : -1);
    }

    private void violated(FormEntryPrompt prompt, Place place, IAnswerData answer) {
        String message = prompt.getConstraintText(answer);
        violations.addObject().put("path", place.toString()).put("value", answer == null ? null : answer.getDisplayText())
            .put("message", message);
        if (strict) {
            throw new Refused("constraint", place.toString(), message == null ? "Sorry, this response is invalid!" : message)
                .with("violations", violations);
        }
    }

    private int wanted(Place repeat, int present) {
        return instances.computeIfAbsent(repeat.at(0).toString(), path -> {
            int told = script.instances(repeat);
            return told >= 0 ? told : seeded ? chance.upTo(job.path("repeats").asInt(3)) : present;
        });
    }

    private void offer(FormIndex index) {
        Place place = Place.of(index.getReference(), outline);
        boolean add = place.position() <= wanted(place, place.position() - 1);
        if (add) {
            controller.newRepeat();
        }
        audit.step("add repeat", place, null, null);
    }

    private void enter(FormIndex index) {
        Place place = Place.of(index.getReference(), outline);
        GroupDef repeat = outline.repeats.get(place.path());
        if (repeat.getCountReference() != null || repeat.noAddRemove) {
            script.entered(place);
        } else if (place.position() > wanted(place, form.getNumRepetitions(index))) {
            controller.jumpToIndex(controller.deleteRepeat());
            controller.stepToPreviousEvent();
            audit.point("delete repeat");
        }
    }

    /** True when the whole form is valid; otherwise the failing question has a new answer and the form stands there. */
    boolean valid() {
        ValidateOutcome outcome = form.validate();
        if (outcome == null) {
            return true;
        }
        FormIndex failed = outcome.failedPrompt;
        Place place = Place.of(failed.getReference(), outline);
        FormEntryPrompt prompt = controller.getModel().getQuestionPrompt(failed);
        boolean constraint = outcome.outcome == FormEntryController.ANSWER_CONSTRAINT_VIOLATED;
        if (constraint && (script.answer(place) != null || !seeded)) {
            String message = prompt.getConstraintText(prompt.getAnswerValue());
            throw new Refused("constraint", place.toString(), message == null ? "Sorry, this response is invalid!" : message);
        }
        controller.jumpToIndex(failed);
        if (!constraint) {
            ask(failed);
            return false;
        }
        IAnswerData drawn = draw(prompt);
        if (drawn == null && prompt.isRequired()) {
            throw new Refused("unsatisfied", place.toString(), "no value was found that the form accepts");
        }
        controller.answerQuestion(failed, drawn, true);
        return false;
    }
}
