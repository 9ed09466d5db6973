/*
 * The hidden frame that makes a page's calls to the API, from this origin, as
 * the real script's controller does.
 */

import { api, serve } from './channel.js';

serve({
    get: ({ path, form }) => api('GET', path, form),
    post: ({ path, form }) => api('POST', path, form),
});
