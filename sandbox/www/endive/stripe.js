/*
 * The local Stripe's stand-in for stripe.js, release endive: the calls that a
 * page with a Payment Element makes, with the shapes of the real script's
 * types. It is served by the sandbox only, and a page loads it only when its
 * configuration says so.
 *
 * As in the real one, card fields live in a frame of another origin and never
 * in the page, and every call to the API is made from such a frame: a hidden
 * one for what needs no fields, the element's own one for what does, so that
 * a card number never passes through the page. This file checks what the page
 * asks for, carries messages between it and these frames, shows the 3-D
 * Secure dialog and leaves for a bank's page. It stays one file, since a
 * page includes one.
 */
(function () {
    'use strict';

    const ORIGIN = new URL(document.currentScript.src).origin;
    const ELEMENT_EVENTS = [
        'ready', 'change', 'focus', 'blur', 'escape', 'loaderror', 'loaderstart',
        'carddetailschange', 'savedpaymentmethodupdate', 'savedpaymentmethodremove',
        'availablepaymentmethodschange',
    ];

    /* The two things that a client secret may open. */
    const KINDS = {
        pi: {
            path: 'payment_intents', result: 'paymentIntent', field: 'payment_intent',
            noun: 'PaymentIntent', last: 'last_payment_error', modes: ['payment', 'subscription'],
        },
        seti: {
            path: 'setup_intents', result: 'setupIntent', field: 'setup_intent',
            noun: 'SetupIntent', last: 'last_setup_error', modes: ['setup', 'subscription'],
        },
    };

    /* What the real one has and this one has not: said when it is called. */
    const NOT_HERE = [
        'collectBankAccountForPayment', 'collectBankAccountForSetup', 'collectBankAccountToken',
        'collectFinancialConnectionsAccounts', 'confirmAcssDebitPayment', 'confirmAffirmPayment',
        'confirmAlipayPayment', 'confirmBancontactPayment', 'confirmIdealPayment', 'confirmKlarnaPayment',
        'confirmPayPalPayment', 'confirmSepaDebitPayment', 'confirmUsBankAccountPayment',
        'createEmbeddedCheckoutPage', 'createEphemeralKeyNonce', 'createRadarSession', 'createToken',
        'initCheckoutElementsSdk', 'initCheckoutFormSdk', 'paymentRequest', 'processOrder',
        'retrieveOrder', 'verifyIdentity', 'createConfirmationToken',
    ];

    function integrationError(message) {
        const error = new Error(message);
        error.name = 'IntegrationError';
        return error;
    }

    /* Styles are set through the object model, which a page's policy against
     * inline styles allows. */
    function style(node, properties) {
        for (const [name, value] of Object.entries(properties)) {
            node.style.setProperty(name, value);
        }
        return node;
    }

    function isObject(value) {
        return typeof value === 'object' && value !== null && !Array.isArray(value);
    }

    /* Which kind a secret is of, and of which intent. */
    function secretOf(secret, call, wanted = ['pi', 'seti']) {
        const match = /^((pi|seti)_[A-Za-z0-9]+)_secret_[A-Za-z0-9]+$/.exec(secret ?? '');
        if (!match || !wanted.includes(match[2])) {
            const nouns = wanted.map((name) => KINDS[name].noun).join(' or a ');
            throw integrationError(`${call}: the client secret of a ${nouns} was expected, `
                + `and ${secret === undefined ? 'none was given' : 'this is none'}.`);
        }
        return { kind: KINDS[match[2]], id: match[1], secret };
    }

    /* ---- frames --------------------------------------------------------- */

    /* A frame of the sandbox, and a private channel to it. */
    class Frame {
        constructor(page, title) {
            this.calls = new Map();
            this.lastCall = 0;
            this.handlers = {};
            this.node = document.createElement('iframe');
            this.node.src = `${ORIGIN}/elements/${page}`;
            this.node.title = title;
            this.node.setAttribute('allow', 'payment *');
            this.connected = new Promise((resolve, reject) => {
                this.node.addEventListener('load', () => {
                    const channel = new MessageChannel();
                    this.port = channel.port1;
                    this.port.onmessage = ({ data }) => this.receive(data);
                    this.node.contentWindow.postMessage({ sandbox: 'connect' }, ORIGIN, [channel.port2]);
                    resolve();
                });
                this.fail = reject;
            });
            this.connected.catch(() => {});
        }

        on(event, handler) {
            this.handlers[event] = handler;
            return this;
        }

        receive({ event, call, value }) {
            if (event) {
                this.handlers[event]?.(value);
                return;
            }
            this.calls.get(call)?.(value);
            this.calls.delete(call);
        }

        async call(verb, value = {}) {
            await this.connected;
            this.lastCall += 1;
            const call = this.lastCall;
            return new Promise((resolve) => {
                this.calls.set(call, resolve);
                this.port.postMessage({ verb, call, value });
            });
        }

        /* Where nobody can answer any more, a call ends as one that the
         * network lost. */
        remove() {
            this.fail(new Error('removed'));
            this.port?.close();
            this.node.remove();
            for (const resolve of this.calls.values()) {
                resolve({ error: { type: 'api_connection_error', message: 'The frame was removed meanwhile.' } });
            }
            this.calls.clear();
        }
    }

    function hidden(node) {
        node.setAttribute('aria-hidden', 'true');
        node.tabIndex = -1;
        return style(node, {
            position: 'absolute', width: '1px', height: '1px', border: '0',
            opacity: '0', 'pointer-events': 'none', left: '0', top: '0',
        });
    }

    /* ---- the Payment Element -------------------------------------------- */

    class PaymentElement {
        #group;

        #options;

        #listeners = new Map(ELEMENT_EVENTS.map((name) => [name, new Set()]));

        #destroyed = false;

        frame = null;

        constructor(group, options) {
            this.#group = group;
            this.#options = options;
        }

        #emit(name, detail = {}) {
            for (const handler of [...this.#listeners.get(name)]) {
                handler({ elementType: 'payment', ...detail });
            }
        }

        on(name, handler) {
            if (!this.#listeners.has(name)) {
                throw integrationError(`${name} is not an event of a payment element. It has: ${ELEMENT_EVENTS.join(', ')}.`);
            }
            if (typeof handler !== 'function') {
                throw integrationError(`on('${name}'): a function was expected.`);
            }
            this.#listeners.get(name).add(handler);
            return this;
        }

        once(name, handler) {
            const wrapped = (event) => {
                this.off(name, wrapped);
                handler(event);
            };
            return this.on(name, wrapped);
        }

        off(name, handler) {
            if (handler === undefined) {
                this.#listeners.get(name)?.clear();
            } else {
                this.#listeners.get(name)?.delete(handler);
            }
            return this;
        }

        mount(place) {
            if (this.#destroyed) {
                throw integrationError('This element was destroyed and cannot be mounted again.');
            }
            const target = typeof place === 'string' ? document.querySelector(place) : place;
            if (!(target instanceof Element)) {
                throw integrationError(`mount(): there is no element ${place} in this page to mount into.`);
            }
            this.unmount();
            this.frame = new Frame('payment.html', 'Secure payment input frame');
            style(this.frame.node, {
                display: 'block', width: 'calc(100% + 8px)', height: '16rem', border: '0',
                margin: '-4px', 'color-scheme': this.#group.scheme(),
            });
            this.#listen();
            target.replaceChildren(this.frame.node);
            this.#emit('loaderstart');
            this.#start(this.frame);
        }

        #listen() {
            this.frame
                .on('height', (px) => style(this.frame.node, { height: `${px}px` }))
                /* Enter in a field sends the form around the element. */
                .on('enter', () => this.frame.node.closest('form')?.requestSubmit());
            for (const name of [
                'change', 'focus', 'blur', 'escape', 'carddetailschange', 'savedpaymentmethodremove',
                'availablepaymentmethodschange',
            ]) {
                this.frame.on(name, (value) => this.#emit(name, value));
            }
        }

        async #start(frame) {
            const { error } = await frame.call('start', {
                ...this.#group.description(), options: this.#options,
            }).catch(() => ({ error: null }));
            if (frame !== this.frame || error === null) {
                return;
            }
            if (error) {
                this.#emit('loaderror', { error });
            } else {
                this.#emit('ready');
            }
        }

        unmount() {
            this.frame?.remove();
            this.frame = null;
        }

        destroy() {
            this.unmount();
            this.#destroyed = true;
            this.#group.forget(this);
        }

        update(options = {}) {
            if (!isObject(options)) {
                throw integrationError('update(): an object of options was expected.');
            }
            Object.assign(this.#options, options);
            this.frame?.call('update', { options: this.#options });
            return this;
        }

        /* The group's options have changed. */
        async renew(description) {
            if (this.frame) {
                style(this.frame.node, { 'color-scheme': this.#group.scheme() });
                await this.frame.call('renew', { ...description, options: this.#options });
            }
        }

        focus() {
            this.frame?.node.focus();
            this.frame?.call('focus');
        }

        blur() {
            this.frame?.node.blur();
        }

        clear() {
            this.frame?.call('clear');
        }

        collapse() {
            this.frame?.call('collapse');
            return this;
        }
    }

    /* ---- a group of elements, which here is one ------------------------- */

    const MODES = ['payment', 'subscription', 'setup'];
    const USAGES = ['off_session', 'on_session', null, undefined];

    function checkMode(options) {
        if (!MODES.includes(options.mode)) {
            throw integrationError(`elements(): mode is one of ${MODES.join(', ')}.`);
        }
        const least = options.mode === 'subscription' ? 0 : 1;
        if (options.mode !== 'setup' && !(Number.isInteger(options.amount) && options.amount >= least)) {
            throw integrationError(`elements(): mode '${options.mode}' needs an amount, an integer of the currency's smallest unit.`);
        }
        if (options.mode === 'setup' && options.amount !== undefined) {
            throw integrationError("elements(): mode 'setup' takes no amount.");
        }
        if (options.currency === undefined ? options.mode !== 'setup' : !/^[a-z]{3}$/.test(options.currency)) {
            throw integrationError('elements(): currency is a lower-case ISO code such as usd.');
        }
        if (!USAGES.includes(options.setupFutureUsage ?? options.setup_future_usage)) {
            throw integrationError('elements(): setupFutureUsage is off_session, on_session or null.');
        }
    }

    function checkOptions(options) {
        for (const name of ['paymentMethodTypes', 'payment_method_types']) {
            if (name in options) {
                throw integrationError(`elements(): ${name} is no option of this release. Use allowedPaymentMethodTypes, `
                    + 'or leave the choice to the account.');
            }
        }
        if (options.clientSecret !== undefined && options.mode !== undefined) {
            throw integrationError('elements(): clientSecret and mode exclude each other.');
        }
        if (options.clientSecret !== undefined) {
            secretOf(options.clientSecret, 'elements()');
        } else if (options.mode === undefined) {
            throw integrationError('elements(): either clientSecret or mode must be given.');
        } else {
            checkMode(options);
        }
        const session = options.customerSessionClientSecret;
        if (session !== undefined && !/^cuss_secret_[A-Za-z0-9]+$/.test(session)) {
            throw integrationError('elements(): customerSessionClientSecret is the client_secret of a CustomerSession.');
        }
    }

    class Elements {
        #key;

        #options;

        #element = null;

        #updated = new Set();

        /* A deferred group's fields were found to be in order. */
        #submitted = false;

        constructor(key, options, locale) {
            if (!isObject(options)) {
                throw integrationError('elements(): an object of options was expected.');
            }
            checkOptions(options);
            this.#key = key;
            this.#options = { locale, ...options };
        }

        get clientSecret() {
            return this.#options.clientSecret;
        }

        get deferred() {
            return this.#options.mode !== undefined;
        }

        description() {
            return { key: this.#key, ...this.#options };
        }

        /* A frame whose scheme is not its document's is drawn opaque. */
        scheme() {
            return this.#options.appearance?.theme === 'night' ? 'dark' : 'light';
        }

        create(type, options = {}) {
            if (type !== 'payment') {
                throw integrationError(`create(): the local Stripe has no element of type ${type}, only payment.`);
            }
            if (this.#element) {
                throw integrationError('create(): this group has a payment element already. Get it with getElement(), or destroy() it first.');
            }
            this.#element = new PaymentElement(this, { ...options });
            return this.#element;
        }

        getElement(type) {
            return type === 'payment' || type === this.#element ? this.#element : null;
        }

        forget(element) {
            if (this.#element === element) {
                this.#element = null;
            }
        }

        on(event, handler) {
            if (event !== 'update-end') {
                throw integrationError(`${event} is not an event of elements; it has update-end.`);
            }
            this.#updated.add(handler);
        }

        async update(options = {}) {
            if ('clientSecret' in options || 'customerSessionClientSecret' in options) {
                throw integrationError('update(): a client secret cannot be changed; make new elements.');
            }
            const next = { ...this.#options, ...options };
            checkOptions(next);
            this.#options = next;
            this.#submitted = false;
            await this.#element?.renew(this.description());
            for (const handler of this.#updated) {
                handler();
            }
        }

        async fetchUpdates() {
            const { error } = await this.mounted('fetchUpdates()').call('refresh');
            return error ? { error: { message: error.message, ...(error.code ? { status: error.code } : {}) } } : {};
        }

        async submit() {
            const { error, type } = await this.mounted('submit()').call('submit');
            this.#submitted = !error;
            return error ? { error } : { selectedPaymentMethod: type };
        }

        mounted(call) {
            if (!this.#element) {
                throw integrationError(`${call}: these elements have no payment element: create('payment') and mount() it first.`);
            }
            if (!this.#element.frame) {
                throw integrationError(`${call}: the payment element is not mounted.`);
            }
            return this.#element.frame;
        }

        /* Before anything is made of its fields without an intent. */
        needSubmitted(call) {
            if (this.deferred && !this.#submitted) {
                throw integrationError(`${call}: await elements.submit() first, before the intent is made.`);
            }
        }
    }

    /* ---- the 3-D Secure dialog ------------------------------------------ */

    /* Resolves when the buyer has answered, or closed the dialog, which counts
     * as a failure, as it does at a real bank. */
    function challenge({ id, kind, secret }, intent) {
        const before = document.activeElement;
        const dialog = document.createElement('dialog');
        dialog.setAttribute('aria-label', '3-D Secure of the simulated bank');
        style(dialog, {
            width: 'min(26rem, calc(100vw - 2rem))', height: 'fit-content', 'min-width': '0', 'min-height': '0',
            margin: 'auto', padding: '0', border: '0', 'border-radius': '12px', overflow: 'hidden',
            background: '#fff', 'box-shadow': '0 20px 60px rgb(0 0 0 / 35%)', display: 'block',
        });
        const frame = new Frame('challenge.html', 'The simulated bank asks for a confirmation');
        style(frame.node, {
            display: 'block', width: '100%', height: '22rem', border: '0', 'color-scheme': 'light',
        });
        dialog.append(frame.node);
        document.body.append(dialog);
        dialog.showModal();
        return new Promise((resolve) => {
            const end = () => {
                dialog.removeEventListener('close', giveUp);
                dialog.close();
                frame.remove();
                dialog.remove();
                before?.focus?.();
                resolve();
            };
            const giveUp = () => frame.call('answer', { outcome: 'fail' }).then(end);
            /* Not every way to close a dialog asks with "cancel" before. */
            dialog.addEventListener('close', giveUp, { once: true });
            frame.on('done', end).on('escape', giveUp)
                .on('height', (px) => style(frame.node, { height: `${px}px` }));
            frame.call('start', {
                field: kind.field, intent: id, clientSecret: secret,
                amount: intent.amount, currency: intent.currency,
            }).then(() => frame.node.focus());
        });
    }

    /* ---- Stripe(key) ---------------------------------------------------- */

    function failed(kind, intent) {
        return {
            error: {
                type: 'invalid_request_error',
                code: kind === KINDS.pi ? 'payment_intent_authentication_failure' : 'setup_intent_authentication_failure',
                message: 'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
                ...intent[kind.last],
                [kind.field]: intent,
            },
        };
    }

    /* What the real one adds to the address that it leaves for. */
    const SAID = { succeeded: 'succeeded', requires_capture: 'succeeded', processing: 'pending' };

    class StripeObject {
        #key;

        #locale;

        #controller = new Frame('controller.html', 'Payment controller');

        constructor(key, options) {
            this.#key = key;
            this.#locale = options.locale ?? 'auto';
            document.body.append(hidden(this.#controller.node));
            for (const name of NOT_HERE) {
                this[name] = () => {
                    throw integrationError(`The local Stripe has no ${name}().`);
                };
            }
        }

        elements(options = {}) {
            return new Elements(this.#key, options, this.#locale);
        }

        registerAppInfo() {}

        /* ---- reading ---- */

        retrievePaymentIntent(clientSecret) {
            return this.#retrieve(secretOf(clientSecret, 'retrievePaymentIntent', ['pi']));
        }

        retrieveSetupIntent(clientSecret) {
            return this.#retrieve(secretOf(clientSecret, 'retrieveSetupIntent', ['seti']));
        }

        async #retrieve({ kind, id, secret }) {
            const { error, body } = await this.#controller.call('get', {
                path: `/v1/${kind.path}/${id}`, form: { key: this.#key, client_secret: secret },
            });
            return error ? { error } : { [kind.result]: body };
        }

        /* ---- confirming ---- */

        confirmPayment(options) {
            return this.#confirm('confirmPayment', 'pi', options);
        }

        confirmSetup(options) {
            return this.#confirm('confirmSetup', 'seti', options);
        }

        async #confirm(call, wanted, options) {
            if (!isObject(options)) {
                throw integrationError(`${call}: an object of options was expected.`);
            }
            const { elements, clientSecret, confirmParams = {}, redirect = 'always' } = options;
            if (elements !== undefined && !(elements instanceof Elements)) {
                throw integrationError(`${call}: elements is what stripe.elements() returned.`);
            }
            if (!['always', 'if_required'].includes(redirect)) {
                throw integrationError(`${call}: redirect is always or if_required.`);
            }
            if (elements?.deferred && clientSecret === undefined) {
                throw integrationError(`${call}: these elements know no intent; give its clientSecret.`);
            }
            if (elements?.clientSecret && clientSecret && clientSecret !== elements.clientSecret) {
                throw integrationError(`${call}: clientSecret is not the one that the elements were made with.`);
            }
            const intent = secretOf(clientSecret ?? elements?.clientSecret, call, [wanted]);
            if (redirect === 'always' && !confirmParams.return_url) {
                throw integrationError(`${call}: confirmParams.return_url is required unless redirect is if_required.`);
            }
            if (confirmParams.return_url && !/^[a-z][a-z\d+.-]*:/i.test(confirmParams.return_url)) {
                throw integrationError(`${call}: confirmParams.return_url is an absolute address.`);
            }
            const { error, body } = await this.#send(call, intent, elements, confirmParams);
            if (error) {
                return { error };
            }
            const result = await this.#finish(intent, body);
            return redirect === 'always' && !result.error
                ? this.#leave(intent, result[intent.kind.result], confirmParams.return_url) : result;
        }

        /* With the fields of an element, unless the page names a method. */
        #send(call, intent, elements, params) {
            if (elements && !params.payment_method) {
                elements.needSubmitted(call);
                return elements.mounted(call).call('confirm', {
                    path: `/v1/${intent.kind.path}/${intent.id}`, secret: intent.secret,
                    field: intent.kind.field, modes: intent.kind.modes, params,
                });
            }
            if (!elements && params.payment_method_data) {
                throw integrationError(`${call}: payment_method_data goes with elements.`);
            }
            return this.#confirmWith(intent, params);
        }

        #confirmWith({ kind, id, secret }, params) {
            return this.#controller.call('post', {
                path: `/v1/${kind.path}/${id}/confirm`,
                form: { key: this.#key, client_secret: secret, use_stripe_sdk: true, ...params },
            });
        }

        /* A card that is known already, by the page's own choice. */
        confirmCardPayment(clientSecret, data, options) {
            return this.#confirmCard('confirmCardPayment', 'pi', clientSecret, data, options);
        }

        confirmCardSetup(clientSecret, data, options) {
            return this.#confirmCard('confirmCardSetup', 'seti', clientSecret, data, options);
        }

        async #confirmCard(call, wanted, clientSecret, data = {}, options = {}) {
            const intent = secretOf(clientSecret, call, [wanted]);
            const { payment_method: method, ...params } = data;
            if (isObject(method)) {
                if (typeof method.card?.token !== 'string') {
                    throw integrationError(`${call}: the local Stripe has no card element; give the id of a payment method or card: { token }.`);
                }
                params.payment_method_data = { type: 'card', ...method };
            } else if (method !== undefined) {
                params.payment_method = method;
            }
            const { error, body } = await this.#confirmWith(intent, params);
            if (error) {
                return { error };
            }
            return options.handleActions === false
                ? { [intent.kind.result]: body } : this.#finish(intent, body);
        }

        async handleNextAction(options = {}) {
            return this.#handle('handleNextAction', secretOf(options.clientSecret, 'handleNextAction'));
        }

        async handleCardAction(clientSecret) {
            return this.#handle('handleCardAction', secretOf(clientSecret, 'handleCardAction', ['pi']));
        }

        async #handle(call, intent) {
            const { error, ...found } = await this.#retrieve(intent);
            if (error) {
                return { error };
            }
            const body = found[intent.kind.result];
            if (body.status !== 'requires_action') {
                return {
                    error: {
                        type: 'invalid_request_error', code: `${intent.kind.field}_unexpected_state`,
                        message: `${call}: the ${intent.kind.noun} is not in the requires_action state.`,
                        [intent.kind.field]: body,
                    },
                };
            }
            return this.#finish(intent, body);
        }

        /* Does what the intent asks of the buyer, then reads it again. */
        async #finish(intent, body) {
            const { kind } = intent;
            if (body.status === 'requires_payment_method') {
                return failed(kind, body);
            }
            if (body.status !== 'requires_action') {
                return { [kind.result]: body };
            }
            if (body.next_action?.type === 'redirect_to_url') {
                window.location.assign(body.next_action.redirect_to_url.url);
                return new Promise(() => {});
            }
            await challenge(intent, body);
            const { error, ...found } = await this.#retrieve(intent);
            if (error) {
                return { error };
            }
            return found[kind.result].status === 'requires_payment_method' ? failed(kind, found[kind.result]) : found;
        }

        #leave({ kind, secret }, body, returnUrl) {
            const url = new URL(returnUrl);
            url.searchParams.set(kind.field, body.id);
            url.searchParams.set(`${kind.field}_client_secret`, secret);
            url.searchParams.set('redirect_status', SAID[body.status] ?? 'failed');
            window.location.assign(url);
            return new Promise(() => {});
        }

        /* ---- making ---- */

        async createPaymentMethod(options) {
            if (!isObject(options)) {
                throw integrationError('createPaymentMethod: an object was expected.');
            }
            const { elements, params = {}, ...data } = options;
            if (elements !== undefined && !(elements instanceof Elements)) {
                throw integrationError('createPaymentMethod: elements is what stripe.elements() returned.');
            }
            elements?.needSubmitted('createPaymentMethod');
            const { error, body } = elements
                ? await elements.mounted('createPaymentMethod').call('create', { params })
                : await this.#controller.call('post', {
                    path: '/v1/payment_methods', form: { key: this.#key, ...data },
                });
            return error ? { error } : { paymentMethod: body };
        }
    }

    /* Callable with and without `new`, like the real one. */
    function Stripe(key, options = {}) {
        if (typeof key !== 'string' || key.trim() === '') {
            throw integrationError('Stripe(): a publishable key (pk_test_…) was expected, and none was given.');
        }
        if (/^[rs]k_/.test(key)) {
            throw integrationError('Stripe(): this is a secret key, which must never be in a page. Use the publishable one.');
        }
        if (key.startsWith('pk_live_')) {
            throw integrationError('Stripe(): the local Stripe takes test keys only. Never give it a live key.');
        }
        if (!key.startsWith('pk_test_')) {
            throw integrationError('Stripe(): a publishable key begins with pk_test_.');
        }
        if (options.apiVersion !== undefined) {
            throw integrationError('Stripe(): apiVersion is no option of a named release; this is endive.');
        }
        return new StripeObject(key, options);
    }
    Stripe.version = 'endive';

    window.Stripe = Stripe;
})();
