/*
 * The judge of shapes: TypeScript, by the SDK's own declarations.
 *
 * Every answer, error, event and request that was recorded is written down as
 * a literal of the type that the SDK gives it, and all of them are compiled
 * in one program. A fresh literal may have no member that its type does not
 * know, at any depth; must have those that the type requires; and each value
 * must be of its member's type. A type that would take anything takes nothing.
 *
 * As shipped, the declarations are wider than the wire in a few places, and
 * those are narrowed before the compiler reads them: see NARROWED.
 */

import fs from 'node:fs';
import path from 'node:path';

/*
 * What is read instead of the SDK's own text, and why. Each pattern must be
 * found, or the SDK has changed and this table is wrong.
 */
const NARROWED = [
    {
        file: 'shared.d.ts',
        why: 'Enums are open, so that a client outlives its SDK. The sandbox is of one '
            + 'version with the SDK and says nothing that the SDK does not list.',
        from: /type OtherString = [^;]+;/u,
        to: 'type OtherString = never;',
    },
    {
        file: 'shared.d.ts',
        why: 'The SDK makes its Decimal objects of texts; on the wire they are texts that are numbers.',
        from: /export \{ Decimal \} from '[^']+';/u,
        to: 'export type Decimal = `${number}`;',
    },
    {
        file: 'lib.d.ts',
        why: 'The SDK adds lastResponse to what it was answered.',
        from: /type Response<T> = T & \{/u,
        to: 'type Response<T> = T; type Added = {',
    },
    {
        file: 'resources/Events.d.ts',
        why: 'previous_attributes is declared as a part of the object whose members are whole. '
            + 'The API sends parts of hashes too, and null for what was not there.',
        from: /previous_attributes\?: Partial<(?<type>[^;]+)>;/gu,
        to: 'previous_attributes?: Before<$<type>>;',
    },
    {
        file: 'resources/Events.d.ts',
        why: '(the type that the row above uses)',
        from: /$/u,
        to: `
type Before<T> = T extends Array<unknown> ? T | null
    : T extends object ? { [K in keyof T]?: Before<T[K]> | null } : T | null;
`,
    },
    {
        file: 'resources/Events.d.ts',
        why: 'What comes with the next period has no id yet; so says the comment at this event.',
        from: /(?<=namespace InvoiceUpcomingEvent \{\n.*\n {8}object: )Invoice;/u,
        to: "Omit<Invoice, 'id'>;",
    },
    {
        file: 'Types.d.ts',
        why: 'The SDK puts what it knows about the answer beside what the error says.',
        from: / {4}headers\?: \{\n.*\n {4}\};\n {4}statusCode\?.*\n {4}requestId\?.*\n {4}detail\?.*\n {4}exception\?.*\n/u,
        to: '',
    },
];

const HEAD = `
import type Stripe from './stripe.esm.node.js';
import type { StripeRawError } from './Types.js';
type Known<T> = unknown extends T ? never : T;
type Method = (...args: never[]) => unknown;
type Answer<F extends Method> = Awaited<ReturnType<F>>;
type Params<F extends Method, N extends number> = NonNullable<Parameters<F>[N]>;
type Failure = { error: StripeRawError };
type Happened<T extends string> = Extract<Stripe.Event, { type: T }>;
`;

/* The type of an item, in the words of HEAD. */
function typeOf({ what, operation, body, from }) {
    if (operation === null && what !== 'error') {
        throw new Error(`the SDK has no ${from}`);
    }
    const method = operation && `Stripe${operation.names.map((name) => `['${name}']`).join('')}`;
    switch (what) {
    case 'answer': return `Answer<${method}>`;
    case 'request': return `Params<${method}, ${operation.ids}>`;
    case 'error': return 'Failure';
    case 'event': return `Happened<${JSON.stringify(body.type)}>`;
    default: throw new Error(`nothing is known of "${what}"`);
    }
}

/* The texts that the compiler reads instead of those on disk. */
function narrowed(folder) {
    const texts = new Map();
    for (const { file, from, to } of NARROWED) {
        const name = path.join(folder, file);
        const text = texts.get(name) ?? fs.readFileSync(name, 'utf8');
        const changed = text.replace(from, to);
        if (changed === text) {
            throw new Error(`${file} has no ${from}`);
        }
        texts.set(name, changed);
    }
    return texts;
}

/* The program of all items, and where each one's statement begins. */
function written(items) {
    const starts = [];
    let text = HEAD;
    for (const [i, item] of items.entries()) {
        starts.push(text.length);
        text += `export const _${i}: Known<${typeOf(item)}> = ${JSON.stringify(item.body)};\n`;
    }
    return { text, starts };
}

function hostOf(ts, options, texts) {
    const host = ts.createCompilerHost(options);
    const { readFile, fileExists } = host;
    host.readFile = (name) => texts.get(path.normalize(name)) ?? readFile(name);
    host.fileExists = (name) => texts.has(path.normalize(name)) || fileExists(name);
    return host;
}

/* "data[0].card.brand" of the member that a complaint is about. */
function where(ts, file, at) {
    const steps = [];
    let node = ts.getTokenAtPosition(file, at);
    for (; node.parent !== undefined; node = node.parent) {
        if (ts.isPropertyAssignment(node)) {
            steps.unshift(`.${node.name.text}`);
        } else if (ts.isArrayLiteralExpression(node.parent)) {
            steps.unshift(`[${node.parent.elements.indexOf(node)}]`);
        }
    }
    return steps.join('').replace(/^\./u, '');
}

/*
 * What TypeScript has to say about the items: [{ item, path, text }], by the
 * order of the items. `need` is a require() that finds typescript and stripe.
 * An item is { what, from, operation, body }: `from` says where it came from,
 * operation is what operations.mjs finds.
 */
export function judge(need, items) {
    const ts = need('typescript');
    const folder = path.join(path.dirname(need.resolve('stripe')), '../esm');
    const { text, starts } = written(items);
    const name = path.join(folder, 'items.ts');
    const options = {
        strict: true, noEmit: true, skipLibCheck: true, types: [], exactOptionalPropertyTypes: true,
        target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
    };
    const texts = narrowed(folder).set(name, text);
    const program = ts.createProgram([name], options, hostOf(ts, options, texts));
    const file = program.getSourceFile(name);
    const found = [
        ...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics(),
        ...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file),
    ];
    return found.map((one) => ({
        item: one.file === file ? starts.findLastIndex((start) => start <= one.start) : -1,
        path: one.file === file ? where(ts, file, one.start) : '',
        text: ts.flattenDiagnosticMessageText(one.messageText, '\n'),
    }));
}
