/*
 * Loads a foreign script by a tag, once. Stripe's and Clerk's scripts must
 * come from their own hosts (the card fields' safety rests on it); the page's
 * content security policy names those hosts and no others.
 */

const loading = new Map();

export function loadScript(url, attributes = {}) {
    if (!loading.has(url)) {
        loading.set(url, new Promise((resolve, reject) => {
            const tag = document.createElement('script');
            for (const [name, value] of Object.entries(attributes)) {
                tag.setAttribute(name, value);
            }
            tag.async = true;
            tag.addEventListener('load', () => resolve());
            tag.addEventListener('error', () => {
                loading.delete(url);
                tag.remove();
                reject(new Error(`cannot load ${new URL(url).host}`));
            });
            tag.src = url;
            document.head.append(tag);
        }));
    }
    return loading.get(url);
}
