/*
 * The methods that a customer has saved: one of them is chosen, or none and
 * the fields are there; each can be removed, if the session allows it.
 */

import { savedLabel } from './methods.js';

const $ = (id) => document.getElementById(id);
const OTHER = '';

/* A radio button with its label. */
function makeChoice(id, text, more, checked) {
    const label = document.createElement('label');
    const radio = document.createElement('input');
    Object.assign(radio, { type: 'radio', name: 'saved', value: id, checked });
    const name = document.createElement('span');
    name.textContent = text;
    label.append(radio, name);
    if (more) {
        const small = document.createElement('span');
        Object.assign(small, { className: 'more', textContent: more });
        label.append(small);
    }
    return label;
}

/* Asks once more before it goes. */
function makeRemove(method, text, remove) {
    const button = document.createElement('button');
    Object.assign(button, { type: 'button', className: 'link', textContent: 'Remove' });
    button.setAttribute('aria-label', `Remove ${text}`);
    button.addEventListener('click', async () => {
        if (button.dataset.sure !== 'yes') {
            button.dataset.sure = 'yes';
            button.textContent = 'Really remove?';
            button.setAttribute('aria-label', `Really remove ${text}?`);
            return;
        }
        button.disabled = true;
        await remove(method);
    });
    button.addEventListener('blur', () => {
        button.dataset.sure = '';
        button.textContent = 'Remove';
        button.setAttribute('aria-label', `Remove ${text}`);
    });
    return button;
}

/*
 * Writes the list. `chosen` is an id or null; `onChoice(id or null)` and
 * `remove(method)`, null where that is not allowed, are told.
 */
export function showSaved(methods, chosen, onChoice, remove) {
    $('saved').hidden = methods.length === 0;
    $('saved-list').replaceChildren(...methods.map((method) => {
        const [text, more] = savedLabel(method);
        const row = document.createElement('div');
        row.className = 'way';
        row.append(makeChoice(method.id, text, more, method.id === chosen));
        if (remove) {
            row.append(makeRemove(method, text, remove));
        }
        return row;
    }));
    if (methods.length > 0) {
        const row = document.createElement('div');
        row.className = 'way';
        row.append(makeChoice(OTHER, 'Another way to pay', '', chosen === null));
        $('saved-list').append(row);
    }
    $('saved-list').onchange = ({ target }) => onChoice(target.value === OTHER ? null : target.value);
}
