/*
 * Keeps the desk up to date and sends its forms without leaving it. The
 * server writes every section; this asks for the page again and puts in the
 * sections that have changed. What is being typed or held stays.
 */

const LOOK_MS = 1500;
const SAY_MS = 6000;

const said = document.getElementById('said');
const parser = new DOMParser();
const shown = new Map(); /* section's id to its HTML as the server wrote it */
let saying = 0;
let looking = null;

function say(text, wrong = false) {
    clearTimeout(saying);
    said.textContent = text;
    said.classList.toggle('wrong', wrong);
    saying = setTimeout(() => {
        said.textContent = '';
    }, wrong ? 2 * SAY_MS : SAY_MS);
}

/* ---- the page again ------------------------------------------------------- */

function keysOf(section) {
    return new Set([...section.querySelectorAll('[data-key]')].map(({ dataset }) => dataset.key));
}

/* A section as the server wrote it, but for the clock, which always differs. */
function written(section) {
    const copy = section.cloneNode(true);
    for (const clock of copy.querySelectorAll('[data-ticks]')) {
        clock.dateTime = '';
        clock.textContent = '';
    }
    return copy.innerHTML;
}

/* How to find this control again once its section was written anew. */
function placeOf(node) {
    const form = node.closest('form');
    const row = node.closest('[data-key]');
    return {
        key: row?.dataset.key, path: form?.getAttribute('action'), name: node.getAttribute('name'),
        value: node.tagName === 'BUTTON' ? node.value : null, tag: node.tagName, href: node.getAttribute('href'),
    };
}

function find(section, place) {
    return [...section.querySelectorAll('a, button, input, select, [tabindex]')].find((node) => {
        const other = placeOf(node);
        return Object.keys(place).every((name) => place[name] === other[name]);
    });
}

/* Somebody is in the middle of filling in this section. Where a choice was
 * just sent, the list that has the keyboard is not open any more. */
function busy(section, sent) {
    return [...section.querySelectorAll('input')].some((input) => input.value !== input.defaultValue)
        || (!sent && section.querySelector('select:focus') !== null)
        || section.querySelector('button:disabled') !== null;
}

function renew(section, fresh) {
    const before = keysOf(section);
    const active = section.contains(document.activeElement) ? placeOf(document.activeElement) : null;
    const scrolls = [...section.querySelectorAll('.scroll, .stream')].map(({ scrollTop }) => scrollTop);
    section.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
    for (const [at, node] of section.querySelectorAll('.scroll, .stream').entries()) {
        node.scrollTop = scrolls[at] ?? 0;
    }
    for (const node of section.querySelectorAll('[data-key]')) {
        node.classList.toggle('fresh', !before.has(node.dataset.key));
    }
    if (active) {
        find(section, active)?.focus({ preventScroll: true });
    }
}

async function look(sent) {
    const response = await fetch(window.location.href, { cache: 'no-store' });
    if (!response.ok) {
        throw new Error(String(response.status));
    }
    const page = parser.parseFromString(await response.text(), 'text/html');
    for (const fresh of page.querySelectorAll('[data-live]')) {
        const section = document.getElementById(fresh.id);
        if (!section) {
            continue;
        }
        tick(fresh.querySelector('[data-ticks]')?.dateTime);
        if (shown.get(fresh.id) === written(fresh) || busy(section, sent)) {
            continue;
        }
        shown.set(fresh.id, written(fresh));
        renew(section, fresh);
        tick();
    }
}

/* One look at a time; somebody who asks meanwhile gets the next one. */
function lookNow({ sent = false } = {}) {
    looking = (looking ?? Promise.resolve()).then(() => look(sent)).then(() => {
        document.body.classList.remove('away');
    }, () => {
        document.body.classList.add('away');
    });
    return looking;
}

/* ---- the clock ------------------------------------------------------------ */

let ahead = null; /* milliseconds between its clock and this browser's */

function tick(text) {
    if (text) {
        const now = Date.parse(text) - Date.now();
        /* It is told in whole seconds. */
        ahead = ahead !== null && Math.abs(now - ahead) < 1500 ? Math.max(now, ahead) : now;
    }
    const clock = document.getElementById('now');
    if (clock && ahead !== null) {
        const shownAs = new Date(Date.now() + ahead).toISOString();
        clock.dateTime = `${shownAs.slice(0, 19)}Z`;
        clock.textContent = shownAs.slice(0, 19).replace('T', ' ');
    }
}

/* ---- forms ---------------------------------------------------------------- */

/* The answer as a sentence behind what the form says. */
function told(form, answer) {
    const facts = [];
    if (answer.secret) {
        facts.push(`${answer.secret} is shown this once.`);
    }
    if (answer.due) {
        facts.push(`${answer.due} ${answer.due === 1 ? 'thing' : 'things'} fell due, `
            + `${answer.delivered} ${answer.delivered === 1 ? 'webhook was' : 'webhooks were'} taken.`);
    }
    return [form.dataset.said, ...facts].join(' ');
}

/* Empty fields are not sent: they mean "whatever is usual". */
function fieldsOf(form, submitter) {
    return new URLSearchParams([...new FormData(form, submitter)].filter(([, value]) => value !== ''));
}

async function send(form, fields) {
    /* form.action may be a field of that name. */
    const response = await fetch(form.getAttribute('action'), { method: 'POST', body: fields }).catch(() => {
        throw new Error('The sandbox cannot be reached. Does it still run?');
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) {
        throw new Error(answer.error?.message ?? `The sandbox answered ${response.status}.`);
    }
    return answer;
}

document.addEventListener('submit', async (event) => {
    const form = event.target;
    event.preventDefault();
    const button = event.submitter;
    const fields = fieldsOf(form, button); /* a disabled button is none of them */
    if (button) {
        button.disabled = true;
    }
    try {
        say(told(form, await send(form, fields)));
        form.reset();
    } catch ({ message }) {
        say(message, true);
    }
    if (button) {
        button.disabled = false;
        button.focus({ preventScroll: true });
    }
    await lookNow({ sent: true });
});

document.addEventListener('change', ({ target }) => {
    if (target.matches('[data-sends]')) {
        target.form.requestSubmit();
    }
});

/* ---- snippets ------------------------------------------------------------- */

for (const pre of document.querySelectorAll('[data-copy]')) {
    const button = document.createElement('button');
    Object.assign(button, { type: 'button', className: 'copy', textContent: 'Copy' });
    button.setAttribute('aria-label', `Copy: ${pre.previousElementSibling.textContent}`);
    button.addEventListener('click', async () => {
        try {
            await navigator.clipboard.writeText(pre.textContent);
            say('Copied.');
        } catch {
            say('This browser does not let pages copy.', true);
        }
    });
    pre.after(button);
}

for (const section of document.querySelectorAll('[data-live]')) {
    shown.set(section.id, written(section));
}
document.body.classList.add('scripted');
setInterval(() => {
    if (!document.hidden) {
        lookNow();
    }
}, LOOK_MS);
setInterval(() => tick(), 250);
lookNow();
