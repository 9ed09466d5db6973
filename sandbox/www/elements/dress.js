/*
 * A page's appearance option: the theme, the variables that have a place
 * here, and rules for the parts that have a class in the real element.
 */

const VARIABLES = {
    colorPrimary: '--primary', accessibleColorOnColorPrimary: '--on-primary', colorPrimaryText: '--on-primary',
    colorBackground: '--background', colorText: '--text', colorTextSecondary: '--soft',
    colorTextPlaceholder: '--placeholder', colorDanger: '--danger', inputColorBorder: '--line',
    borderRadius: '--radius', fontFamily: '--font', fontSizeBase: '--size', spacingUnit: '--unit',
    gridRowSpacing: '--row-gap', spacingGridRow: '--row-gap', gridColumnSpacing: '--column-gap',
    spacingGridColumn: '--column-gap', tabSpacing: '--tab-gap', spacingTab: '--tab-gap',
    labelColorText: '--label', labelFontSize: '--label-size',
};

const CLASSES = {
    '.Tab': '.tabs > button', '.Tab--selected': '.tabs > button[aria-selected="true"]',
    '.AccordionItem': '.accordion > button', '.AccordionItem--selected': '.accordion > button[aria-expanded="true"]',
    '.Input': '.field :is(input, select)', '.Input--invalid': '.field input[aria-invalid="true"]',
    '.Label': '.field label', '.Error': '.error', '.Block': '.panel', '.CheckboxLabel': '.check label',
};

const rules = new CSSStyleSheet();
document.adoptedStyleSheets = [rules];

/* ".Input:focus" as a selector of ours, or null for a part we do not have. */
function selectorOf(name) {
    const [part, ...states] = name.split(/(?=:)/);
    const ours = CLASSES[part.trim()];
    return ours && states.every((state) => /^::?[a-z-]+$/.test(state)) ? `${ours}${states.join('')}` : null;
}

export function dress({ theme, variables = {}, rules: given = {} } = {}) {
    const root = document.documentElement;
    root.dataset.theme = ['night', 'flat'].includes(theme) ? theme : 'stripe';
    for (const property of new Set(Object.values(VARIABLES))) {
        root.style.removeProperty(property);
    }
    for (const [name, value] of Object.entries(variables)) {
        if (VARIABLES[name]) {
            root.style.setProperty(VARIABLES[name], String(value));
        }
    }
    while (rules.cssRules.length > 0) {
        rules.deleteRule(0);
    }
    for (const [name, properties] of Object.entries(given)) {
        const selector = selectorOf(name);
        if (selector) {
            const { style } = rules.cssRules[rules.insertRule(`${selector} {}`, rules.cssRules.length)];
            for (const [property, value] of Object.entries(properties)) {
                style.setProperty(property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), String(value));
            }
        }
    }
}
