/*
 * The local sign-in: an e-mail address makes or finds the user and begins a
 * session, kept by a cookie of this host. Alone, the page goes back to where
 * it was asked to; in a frame it tells the page around it.
 */

const query = new URLSearchParams(window.location.search);
const embedded = query.has('embedded');
const form = document.getElementById('form');
const email = document.getElementById('email');
const error = document.getElementById('error');

/* Only addresses of the web: this page would follow no "javascript:". */
function destination() {
    try {
        const url = new URL(query.get('redirect_url'));
        return ['http:', 'https:'].includes(url.protocol) ? url.href : '/';
    } catch {
        return '/';
    }
}

function complain(text) {
    error.textContent = text;
    email.setAttribute('aria-invalid', 'true');
    email.focus();
}

async function signIn(address) {
    const response = await fetch('/v1/client/sign_ins', {
        method: 'POST',
        body: new URLSearchParams({ email: address }),
        credentials: 'same-origin',
    });
    if (!response.ok) {
        const body = await response.json().catch(() => ({}));
        throw new Error(body.errors?.[0]?.message ?? 'Signing in did not work. Is the sandbox well?');
    }
}

form.addEventListener('submit', async (event) => {
    event.preventDefault();
    error.textContent = '';
    email.removeAttribute('aria-invalid');
    const address = email.value.trim();
    if (address === '' || !email.checkValidity()) {
        complain('Please enter an e-mail address, such as ada@example.com.');
        return;
    }
    const button = form.querySelector('button');
    button.disabled = true;
    try {
        await signIn(address);
        if (embedded) {
            window.parent.postMessage({ sandbox: 'signed-in' }, '*');
        } else {
            window.location.replace(destination());
        }
    } catch ({ message }) {
        complain(message);
    }
    button.disabled = false;
});

document.addEventListener('keydown', ({ key }) => {
    if (embedded && key === 'Escape') {
        window.parent.postMessage({ sandbox: 'escape' }, '*');
    }
});

document.body.classList.toggle('page', !embedded);
email.focus();
