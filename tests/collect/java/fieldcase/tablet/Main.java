package fieldcase.tablet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;

/** Reads one job per line, fills one form per job and answers with one line; what libraries print goes to standard error. */
public final class Main {
    static final ObjectMapper JSON = new ObjectMapper();

    private Main() {
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        Device.prepareEngine();
        BufferedReader jobs = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = jobs.readLine(); line != null; line = jobs.readLine()) {
            answers.println(JSON.writeValueAsString(answer(JSON.readTree(line))));
        }
    }

    private static ObjectNode answer(JsonNode job) {
        ObjectNode answer;
        try {
            answer = new Session(job).run();
        } catch (Refused refused) {
            answer = refused.report();
        } catch (Exception | StackOverflowError | OutOfMemoryError broken) {
            answer = JSON.createObjectNode().put("ok", false).put("kind", "engine").put("error", String.valueOf(broken.getMessage()));
            StringWriter trace = new StringWriter();
            broken.printStackTrace(new PrintWriter(trace));
            answer.put("trace", trace.toString());
        }
        answer.set("job", job.path("job"));
        return answer;
    }
}
