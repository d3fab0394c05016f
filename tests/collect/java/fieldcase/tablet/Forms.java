package fieldcase.tablet;

import java.io.File;
import java.util.LinkedHashMap;
import java.util.Map;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.instance.DataInstance;
import org.javarosa.core.model.instance.ExternalDataInstance;
import org.javarosa.core.util.externalizable.DeserializationException;
import org.javarosa.core.util.externalizable.ExtUtil;
import org.javarosa.xform.parse.XFormParser;
import org.javarosa.xform.util.XFormUtils;

/** Form definitions as the tablet keeps them: parsed when first opened, from its cache of the parsed form afterwards. */
final class Forms {
    private static final int MOST = 32;
    private static final Map<String, byte[]> CACHE = new LinkedHashMap<>(MOST, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, byte[]> eldest) {
            return size() > MOST;
        }
    };

    private Forms() {
    }

    static FormDef open(File xform) throws XFormParser.ParseException {
        String key = xform.getAbsolutePath() + " " + xform.lastModified();
        FormDef form = cached(key);
        if (form != null) {
            return form;
        }
        form = XFormUtils.getFormFromFormXml(xform.getAbsolutePath(), "jr://file/" + Device.LAST_SAVED);
        for (DataInstance<?> instance : form.getFormInstances().values()) {
            if (instance instanceof ExternalDataInstance external && external.isUsingPlaceholder()
                && !"__last-saved".equals(instance.getInstanceId())) {
                throw new Refused("media", instance.getInstanceId(), "a file that the form needs is not beside it");
            }
        }
        CACHE.put(key, ExtUtil.serialize(form));
        return form;
    }

    /** The parsed form with the media of today; null when it was never opened or a file beside it is gone. */
    private static FormDef cached(String key) {
        byte[] bytes = CACHE.get(key);
        try {
            return bytes == null ? null : (FormDef) ExtUtil.deserialize(bytes, FormDef.class);
        } catch (RuntimeException | DeserializationException stale) {
            CACHE.remove(key);
            return null;
        }
    }
}
