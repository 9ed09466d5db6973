/*
 * The local Stripe's stand-in for stripe.js, release endive: the calls that a
 * page with a Payment Element makes, with the shapes of the real script's
 * types. It is served by the sandbox only, and a page loads it only when its
 * configuration says so.
 *
 * As in the real one, card fields live in a frame of another origin and never
 * in the page, and every call to the API is made from such a frame: a hidden
 * one for reading intents, the element's own one for confirming, so that a
 * card number never passes through the page. This file only carries messages
 * between the page and these frames, shows the 3-D Secure dialog and leaves
 * for a bank's page.
 */
(function () {
    'use strict';

    const ORIGIN = new URL(document.currentScript.src).origin;
    const ELEMENT_EVENTS = [
        'ready', 'change', 'focus', 'blur', 'escape', 'loaderror', 'loaderstart',
        'carddetailschange', 'savedpaymentmethodupdate', 'savedpaymentmethodremove',
        'availablepaymentmethodschange',
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

        remove() {
            this.fail(new Error('removed'));
            this.port?.close();
            this.node.remove();
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
        constructor(group, options) {
            this.group = group;
            this.options = options;
            this.listeners = new Map(ELEMENT_EVENTS.map((name) => [name, new Set()]));
            this.frame = null;
            this.destroyed = false;
        }

        emit(name, detail = {}) {
            for (const handler of [...this.listeners.get(name)]) {
                handler({ elementType: 'payment', ...detail });
            }
        }

        on(name, handler) {
            if (!this.listeners.has(name)) {
                throw integrationError(`${name} is not an event of a payment element.`);
            }
            this.listeners.get(name).add(handler);
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
                this.listeners.get(name)?.clear();
            } else {
                this.listeners.get(name)?.delete(handler);
            }
            return this;
        }

        mount(place) {
            if (this.destroyed) {
                throw integrationError('This element was destroyed and cannot be mounted again.');
            }
            const target = typeof place === 'string' ? document.querySelector(place) : place;
            if (!target) {
                throw integrationError(`There is no element ${place} to mount into.`);
            }
            this.unmount();
            this.frame = new Frame('payment.html', 'Secure payment input frame');
            style(this.frame.node, {
                display: 'block', width: 'calc(100% + 8px)', height: '16rem', border: '0',
                margin: '-4px', 'color-scheme': this.group.scheme(),
            });
            this.listen();
            target.replaceChildren(this.frame.node);
            this.emit('loaderstart');
            this.start(this.frame);
        }

        listen() {
            this.frame
                .on('height', (px) => style(this.frame.node, { height: `${px}px` }))
                .on('change', (value) => this.emit('change', value))
                .on('focus', () => this.emit('focus'))
                .on('blur', () => this.emit('blur'))
                .on('escape', () => this.emit('escape'))
                /* Enter in a field sends the form around the element. */
                .on('enter', () => this.frame.node.closest('form')?.requestSubmit());
        }

        async start(frame) {
            const { error } = await frame.call('start', {
                ...this.group.description(), options: this.options,
            }).catch(() => ({ error: null }));
            if (frame !== this.frame || error === null) {
                return;
            }
            if (error) {
                this.emit('loaderror', { error });
            } else {
                this.emit('ready');
            }
        }

        unmount() {
            this.frame?.remove();
            this.frame = null;
        }

        destroy() {
            this.unmount();
            this.destroyed = true;
            this.group.element = null;
        }

        update(options) {
            Object.assign(this.options, options);
            this.frame?.call('update', { options: this.options });
            return this;
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
            return this;
        }
    }

    /* ---- a group of elements, which here is one ------------------------- */

    class Elements {
        constructor(key, options) {
            if ('paymentMethodTypes' in options) {
                throw integrationError('paymentMethodTypes is no option of this release; use allowedPaymentMethodTypes.');
            }
            if (!options.clientSecret && !options.mode) {
                throw integrationError('Either clientSecret or mode must be given.');
            }
            if (options.mode && options.mode !== 'setup'
                && !(Number.isInteger(options.amount) && options.amount > 0 && options.currency)) {
                throw integrationError('mode needs an amount, a positive integer, and a currency.');
            }
            this.key = key;
            this.options = { ...options };
            this.element = null;
            this.listeners = new Set();
        }

        description() {
            return { key: this.key, ...this.options };
        }

        /* A frame whose scheme is not its document's is drawn opaque. */
        scheme() {
            return this.options.appearance?.theme === 'night' ? 'dark' : 'light';
        }

        create(type, options = {}) {
            if (type !== 'payment') {
                throw integrationError(`The local Stripe has no element of type ${type}.`);
            }
            if (this.element) {
                throw integrationError('Only one payment element can be created.');
            }
            this.element = new PaymentElement(this, { ...options });
            return this.element;
        }

        getElement(type) {
            const name = typeof type === 'string' ? type : 'payment';
            return name === 'payment' ? this.element : null;
        }

        on(event, handler) {
            if (event === 'update-end') {
                this.listeners.add(handler);
            }
        }

        async update(options) {
            Object.assign(this.options, options);
            await this.element?.frame?.call('start', {
                ...this.description(), options: this.element.options,
            });
            for (const handler of this.listeners) {
                handler();
            }
        }

        async fetchUpdates() {
            const answer = await this.mounted().call('refresh');
            return answer.error ? { error: { message: answer.error.message } } : {};
        }

        async submit() {
            const { error, type } = await this.mounted().call('submit');
            return error ? { error } : { selectedPaymentMethod: type };
        }

        mounted() {
            if (!this.element?.frame) {
                throw integrationError('A payment element must be mounted first.');
            }
            return this.element.frame;
        }
    }

    /* ---- the 3-D Secure dialog ------------------------------------------ */

    /* Resolves when the buyer has answered, or closed the dialog, which counts
     * as a failure, as it does at a real bank. */
    function challenge(intent) {
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
                intent: intent.id, clientSecret: intent.client_secret,
                amount: intent.amount, currency: intent.currency,
            }).then(() => frame.node.focus());
        });
    }

    /* ---- Stripe(key) ---------------------------------------------------- */

    const INTENT = {
        payment: { path: 'payment_intents', result: 'paymentIntent', field: 'payment_intent' },
    };

    function idOf(clientSecret, call) {
        const match = /^(pi_[A-Za-z0-9]+)_secret_[A-Za-z0-9]+$/.exec(clientSecret ?? '');
        if (!match) {
            throw integrationError(`${call}: a client secret of a PaymentIntent was expected.`);
        }
        return match[1];
    }

    function failed(intent) {
        const last = intent.last_payment_error ?? {};
        return {
            error: {
                type: last.type ?? 'invalid_request_error',
                code: last.code ?? 'payment_intent_authentication_failure',
                decline_code: last.decline_code,
                message: last.message ?? 'We are unable to authenticate your payment method.',
                payment_intent: intent,
            },
        };
    }

    class StripeObject {
        constructor(key, options) {
            this.key = key;
            this.locale = options.locale ?? 'auto';
            this.controller = new Frame('controller.html', 'Payment controller');
            document.body.append(hidden(this.controller.node));
        }

        elements(options = {}) {
            return new Elements(this.key, options);
        }

        /* ---- reading ---- */

        retrievePaymentIntent(clientSecret) {
            return this.retrieve(INTENT.payment, clientSecret, 'retrievePaymentIntent');
        }

        async retrieve(kind, clientSecret, call) {
            const id = idOf(clientSecret, call);
            const { error, body } = await this.controller.call('get', {
                path: `/v1/${kind.path}/${id}`,
                form: { key: this.key, client_secret: clientSecret },
            });
            return error ? { error } : { [kind.result]: body };
        }

        /* ---- confirming ---- */

        async confirmPayment({ elements, clientSecret, confirmParams = {}, redirect = 'always' }) {
            const secret = clientSecret ?? elements?.options.clientSecret;
            const id = idOf(secret, 'confirmPayment');
            if (redirect === 'always' && !confirmParams.return_url) {
                throw integrationError('confirmPayment: return_url is required unless redirect is if_required.');
            }
            const answer = elements
                ? await this.confirmWithElement(elements, id, secret, confirmParams)
                : await this.confirmWithMethod(id, secret, confirmParams);
            if (answer.error) {
                return { error: answer.error };
            }
            const result = await this.finish(answer.body, secret, confirmParams.return_url);
            if (redirect === 'always' && !result.error) {
                return this.leave(result.paymentIntent, secret, confirmParams.return_url);
            }
            return result;
        }

        confirmWithElement(elements, id, secret, params) {
            if (elements.options.mode && !params.payment_method) {
                const { amount, currency } = elements.options;
                return elements.mounted().call('confirm', { id, secret, params, expect: { amount, currency } });
            }
            return elements.mounted().call('confirm', { id, secret, params });
        }

        confirmWithMethod(id, secret, { payment_method: method, return_url: url }) {
            return this.controller.call('post', {
                path: `/v1/${INTENT.payment.path}/${id}/confirm`,
                form: {
                    key: this.key, client_secret: secret, use_stripe_sdk: 'true',
                    ...(method ? { payment_method: method } : {}),
                    ...(url ? { return_url: url } : {}),
                },
            });
        }

        /* A saved card, confirmed by the page's own choice. */
        async confirmCardPayment(clientSecret, data = {}, options = {}) {
            const id = idOf(clientSecret, 'confirmCardPayment');
            if (typeof data.payment_method !== 'string') {
                throw integrationError('confirmCardPayment: the local Stripe takes the id of a saved payment method.');
            }
            const { error, body } = await this.confirmWithMethod(id, clientSecret, data);
            if (error) {
                return { error };
            }
            return options.handleActions === false
                ? { paymentIntent: body }
                : this.finish(body, clientSecret, data.return_url);
        }

        async handleNextAction({ clientSecret }) {
            const { error, paymentIntent } = await this.retrieve(INTENT.payment, clientSecret, 'handleNextAction');
            if (error) {
                return { error };
            }
            if (paymentIntent.status !== 'requires_action') {
                return {
                    error: {
                        type: 'invalid_request_error', code: 'payment_intent_unexpected_state',
                        message: 'handleNextAction: the PaymentIntent supplied is not in the requires_action state.',
                        payment_intent: paymentIntent,
                    },
                };
            }
            return this.finish(paymentIntent, clientSecret);
        }

        /* Does what the intent asks of the buyer, then reads it again. */
        async finish(intent, secret) {
            if (intent.status === 'requires_payment_method') {
                return failed(intent);
            }
            if (intent.status !== 'requires_action') {
                return { paymentIntent: intent };
            }
            const action = intent.next_action;
            if (action?.type === 'redirect_to_url') {
                window.location.assign(action.redirect_to_url.url);
                return new Promise(() => {});
            }
            await challenge({ ...intent, client_secret: secret });
            const { error, paymentIntent } = await this.retrieve(INTENT.payment, secret, 'confirmPayment');
            if (error) {
                return { error };
            }
            return paymentIntent.status === 'requires_payment_method'
                ? failed(paymentIntent) : { paymentIntent };
        }

        leave(intent, secret, returnUrl) {
            const url = new URL(returnUrl);
            url.searchParams.set('payment_intent', intent.id);
            url.searchParams.set('payment_intent_client_secret', secret);
            url.searchParams.set('redirect_status', intent.status === 'canceled' ? 'failed' : 'succeeded');
            window.location.assign(url);
            return new Promise(() => {});
        }
    }

    /* Callable with and without `new`, like the real one. */
    function Stripe(key, options = {}) {
        if (typeof key !== 'string' || !key.startsWith('pk_')) {
            throw integrationError('Stripe() needs a publishable key.');
        }
        if (!key.startsWith('pk_test_')) {
            throw integrationError('The local Stripe takes test keys only.');
        }
        return new StripeObject(key, options);
    }
    Stripe.version = 'endive';

    window.Stripe = Stripe;
})();
