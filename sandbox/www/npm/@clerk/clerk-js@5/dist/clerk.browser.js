/*
 * The sandbox's stand-in for Clerk's script: window.Clerk with the calls that
 * a page makes to sign somebody in and to get session tokens. The page's tag
 * names the publishable key, which says where the frontend API is; the tokens
 * that it hands out are signed and verified for real.
 *
 * As the real one does, it keeps the session token in the cookie `__session`
 * of the page's host (and in the one that carries the key's suffix, so that
 * two instances on one host do not take each other's), and renews it before
 * it ends. Only an e-mail address is asked for: it is a local sign-in.
 */
(function () {
    'use strict';

    const TAG = document.currentScript;
    const KEY = TAG?.dataset.clerkPublishableKey ?? window.__clerk_publishable_key ?? '';
    const RENEW_BEFORE_S = 10;
    const LOOK_EVERY_MS = 5000;

    /* pk_test_ and the base64 of "host:port$". A local host speaks http. */
    function frontendOf(key) {
        const match = /^pk_test_([A-Za-z0-9+/=_-]+)$/.exec(key);
        if (!match) {
            throw new Error('The local sign-in needs a publishable key of the form pk_test_…');
        }
        const host = atob(match[1].replace(/-/g, '+').replace(/_/g, '/')).replace(/\$$/, '');
        const local = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
        return { host, origin: `${local ? 'http' : 'https'}://${host}` };
    }

    const FRONTEND = frontendOf(KEY);

    function claimsOf(jwt) {
        const body = jwt.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
        return JSON.parse(atob(body));
    }

    /* ---- the frontend API ------------------------------------------------ */

    async function request(method, path, form) {
        const response = await fetch(`${FRONTEND.origin}${path}`, {
            method,
            body: form === undefined ? undefined : new URLSearchParams(form),
            credentials: 'include',
            cache: 'no-store',
        });
        const body = await response.json();
        if (!response.ok) {
            const error = new Error(body.errors?.[0]?.message ?? `the sign-in answered ${response.status}`);
            error.status = response.status;
            error.errors = body.errors ?? [];
            throw error;
        }
        return body;
    }

    /* ---- cookies --------------------------------------------------------- */

    async function suffix() {
        const hash = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(KEY));
        return btoa(String.fromCharCode(...new Uint8Array(hash)))
            .replace(/\+/g, '-').replace(/\//g, '_').slice(0, 8);
    }

    const cookieNames = suffix().then(
        (text) => ['__session', `__session_${text}`],
        () => ['__session'], /* no crypto.subtle: not a secure context */
    );

    async function setCookies(jwt) {
        const secure = window.location.protocol === 'https:' ? '; Secure' : '';
        const age = jwt === null ? '; Max-Age=0' : '';
        for (const name of await cookieNames) {
            document.cookie = `${name}=${jwt ?? ''}; Path=/; SameSite=Lax${secure}${age}`;
        }
    }

    /* ---- what the API answers, as objects -------------------------------- */

    function emailAddress(data) {
        return { id: data.id, emailAddress: data.email_address, toString: () => data.email_address };
    }

    function userOf(data) {
        const emailAddresses = (data.email_addresses ?? []).map(emailAddress);
        return {
            id: data.id,
            firstName: data.first_name ?? null,
            lastName: data.last_name ?? null,
            fullName: [data.first_name, data.last_name].filter(Boolean).join(' ') || null,
            emailAddresses,
            primaryEmailAddressId: data.primary_email_address_id ?? null,
            primaryEmailAddress: emailAddresses.find(({ id }) => id === data.primary_email_address_id)
                ?? emailAddresses[0] ?? null,
            publicMetadata: data.public_metadata ?? {},
        };
    }

    class Session {
        constructor(clerk, data) {
            this.clerk = clerk;
            this.id = data.id;
            this.status = data.status;
            this.user = userOf(data.user);
            this.jwt = null;
            this.validUntilMs = 0;
            this.asking = null;
        }

        /* How long a token lasts is counted from when it came, by our own
         * clock: the sandbox's may have been shifted. */
        keep(jwt) {
            const { iat, exp } = claimsOf(jwt);
            this.jwt = jwt;
            this.validUntilMs = performance.now() + (exp - iat - RENEW_BEFORE_S) * 1000;
            return setCookies(jwt);
        }

        fresh() {
            return this.jwt !== null && performance.now() < this.validUntilMs;
        }

        async ask() {
            try {
                const { jwt } = await request('POST', `/v1/client/sessions/${this.id}/tokens`, {});
                await this.keep(jwt);
            } catch (error) {
                if (error.status === 401 || error.status === 404) {
                    await this.clerk.ended();
                    return null;
                }
                throw error;
            } finally {
                this.asking = null;
            }
            return this.jwt;
        }

        async getToken({ skipCache = false } = {}) {
            if (!skipCache && this.fresh()) {
                return this.jwt;
            }
            this.asking ??= this.ask();
            return this.asking;
        }

        async remove() {
            await request('POST', `/v1/client/sessions/${this.id}/remove`, {});
            await this.clerk.ended();
            return this;
        }

        end() {
            return this.remove();
        }
    }

    /* ---- Clerk ----------------------------------------------------------- */

    function returnUrl(options = {}) {
        return options.signInForceRedirectUrl ?? options.forceRedirectUrl ?? options.redirectUrl
            ?? options.signInFallbackRedirectUrl ?? options.fallbackRedirectUrl ?? window.location.href;
    }

    class Clerk {
        constructor() {
            this.publishableKey = KEY;
            this.frontendApi = FRONTEND.host;
            this.instanceType = 'development';
            this.version = '5-sandbox';
            this.loaded = false;
            this.client = undefined;
            this.session = undefined;
            this.user = undefined;
            this.listeners = new Set();
            this.dialog = null;
            this.embedded = new Map();
        }

        get isSignedIn() {
            return Boolean(this.session);
        }

        async load() {
            if (this.loaded) {
                return;
            }
            await this.refresh();
            this.loaded = true;
            setInterval(() => this.renew(), LOOK_EVERY_MS);
            window.addEventListener('message', (event) => this.heard(event));
        }

        /* Reads who is signed in. */
        async refresh() {
            const answer = await request('GET', '/v1/client');
            const client = answer.response ?? null;
            const live = (client?.sessions ?? []).filter(({ status }) => status === 'active');
            const data = live.find(({ id }) => id === client.last_active_session_id) ?? live[0];
            this.client = { id: client?.id ?? null, sessions: live };
            if (!data) {
                await this.ended(false);
                return;
            }
            this.session = new Session(this, data);
            this.user = this.session.user;
            await this.session.getToken();
            this.tell();
        }

        async renew() {
            if (this.session && !document.hidden) {
                await this.session.getToken().catch(() => {});
            }
        }

        /* There is no session (any more). */
        async ended(told = true) {
            this.session = null;
            this.user = null;
            await setCookies(null);
            if (told) {
                this.tell();
            }
        }

        tell() {
            for (const listener of [...this.listeners]) {
                listener({ client: this.client, session: this.session, user: this.user });
            }
        }

        addListener(listener) {
            this.listeners.add(listener);
            if (this.loaded) {
                listener({ client: this.client, session: this.session, user: this.user });
            }
            return () => this.listeners.delete(listener);
        }

        async signOut(options = {}) {
            if (this.session) {
                await this.session.remove();
            }
            if (typeof options === 'object' && options.redirectUrl) {
                window.location.assign(options.redirectUrl);
            }
        }

        /* ---- signing in: a page of its own, a dialog, or a place ---- */

        buildSignInUrl(options) {
            const url = new URL('/sign-in.html', FRONTEND.origin);
            url.searchParams.set('redirect_url', new URL(returnUrl(options), window.location.href).href);
            return url.href;
        }

        buildSignUpUrl(options) {
            return this.buildSignInUrl(options);
        }

        async redirectToSignIn(options) {
            window.location.assign(this.buildSignInUrl(options));
        }

        redirectToSignUp(options) {
            return this.redirectToSignIn(options);
        }

        frame() {
            const frame = document.createElement('iframe');
            frame.src = `${FRONTEND.origin}/sign-in.html?embedded=1`;
            frame.title = 'Sign in';
            for (const [name, value] of Object.entries({
                display: 'block', width: '100%', height: '25rem', border: '0', 'color-scheme': 'light',
            })) {
                frame.style.setProperty(name, value);
            }
            return frame;
        }

        openSignIn(options = {}) {
            if (this.session || this.dialog) {
                return;
            }
            const before = document.activeElement;
            const dialog = document.createElement('dialog');
            dialog.setAttribute('aria-label', 'Sign in');
            for (const [name, value] of Object.entries({
                width: 'min(26rem, calc(100vw - 2rem))', height: 'fit-content', 'min-width': '0', 'min-height': '0',
                margin: 'auto', padding: '0', border: '0', 'border-radius': '12px', overflow: 'hidden',
                background: '#fff', 'box-shadow': '0 20px 60px rgb(0 0 0 / 35%)', display: 'block',
            })) {
                dialog.style.setProperty(name, value);
            }
            const frame = this.frame();
            dialog.append(frame);
            dialog.addEventListener('close', () => {
                dialog.remove();
                this.embedded.delete(frame.contentWindow);
                this.dialog = null;
                before?.focus?.();
            });
            document.body.append(dialog);
            dialog.showModal();
            this.dialog = dialog;
            this.embedded.set(frame.contentWindow, options);
        }

        closeSignIn() {
            this.dialog?.close();
        }

        mountSignIn(node, options = {}) {
            const frame = this.frame();
            node.replaceChildren(frame);
            this.embedded.set(frame.contentWindow, options);
        }

        unmountSignIn(node) {
            node.replaceChildren();
        }

        /* The embedded sign-in page says that somebody has signed in. */
        async heard({ origin, source, data }) {
            if (origin !== FRONTEND.origin || !this.embedded.has(source)) {
                return;
            }
            if (data?.sandbox === 'escape') {
                this.closeSignIn();
            } else if (data?.sandbox === 'signed-in') {
                const options = this.embedded.get(source);
                await this.refresh();
                this.closeSignIn();
                const url = options.forceRedirectUrl ?? options.fallbackRedirectUrl;
                if (url) {
                    window.location.assign(url);
                }
            }
        }
    }

    window.Clerk = new Clerk();
})();
