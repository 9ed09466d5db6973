/*
 * Who is signed in, by Clerk's own script. Signing in happens on Clerk's
 * page, not in a dialog of ours: its dialog needs inline styles, which our
 * content security policy refuses, and a page of its own works everywhere.
 */

import { ApiError, call, getConfig } from './api.js';
import { loadScript } from './script.js';

let ready = null;

async function start() {
    const config = await getConfig();
    await loadScript(config.clerk_js_url, {
        'data-clerk-publishable-key': config.clerk_publishable_key,
    });
    await window.Clerk.load();
    return window.Clerk;
}

/* Clerk, loaded; a failure may be tried again. */
export function clerk() {
    ready ??= start().catch((error) => {
        ready = null;
        throw error;
    });
    return ready;
}

function userOf({ user, session }) {
    if (!user || !session) {
        return null;
    }
    return { id: user.id, email: user.primaryEmailAddress?.emailAddress ?? '' };
}

/* Signed-in user as { id, email }, or null. */
export async function currentUser() {
    return userOf(await clerk());
}

/* Calls listener with the user, now and whenever somebody signs in or out. */
export async function watchUser(listener) {
    const loaded = await clerk();
    listener(userOf(loaded));
    loaded.addListener(() => listener(userOf(loaded)));
}

/*
 * call() in the name of the signed-in user. A session token lives for about a
 * minute, so it is asked for before every call and kept nowhere; one that is
 * refused all the same (a clock was set) is replaced once. Throws an ApiError
 * with status 401 when nobody is signed in.
 */
export async function callAsUser(method, path, options = {}) {
    for (const skipCache of [false, true]) {
        const { session } = await clerk();
        const token = session ? await session.getToken({ skipCache }) : null;
        if (!token) {
            break;
        }
        try {
            return await call(method, path, { ...options, token });
        } catch (error) {
            if (error.status !== 401 || skipCache) {
                throw error;
            }
        }
    }
    throw new ApiError(401, { code: 'signed_out', message: 'Please sign in.' }, null);
}

/* Leaves for the sign-in page, which comes back to `url`. */
export async function signIn(url = window.location.href) {
    const loaded = await clerk();
    await loaded.redirectToSignIn({
        signInForceRedirectUrl: url,
        signUpForceRedirectUrl: url,
    });
}

export async function signOut() {
    const loaded = await clerk();
    await loaded.signOut({ redirectUrl: '/' });
}
