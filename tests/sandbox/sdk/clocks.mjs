/* Test clocks: time that stands still, and whom it takes along. */

import {
    advance, assert, failing, ids, pay, stripe, told,
} from './lib/life.mjs';

const START = 1800000000;
const DAY = 86400;

export default {
    async a_customer_lives_by_a_clock() {
        const clock = await stripe.testHelpers.testClocks.create({ frozen_time: START, name: 'A day' });
        assert.equal(clock.status, 'ready');
        const { id: customer } = await stripe.customers.create({ test_clock: clock.id });
        const paid = await pay({ customer, payment_method: 'pm_usBankAccount_success' });
        assert.equal(paid.created, START);
        assert.equal(paid.status, 'processing');
        await advance(clock.id, START + 7 * DAY);
        assert.equal((await stripe.paymentIntents.retrieve(paid.id)).status, 'succeeded');
        const types = (await told(clock.id)).map(({ type }) => type);
        assert.deepEqual(types, ['test_helpers.test_clock.created',
            'test_helpers.test_clock.advancing', 'test_helpers.test_clock.ready']);
        const back = await failing(
            stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: START }));
        assert.equal(back.param, 'frozen_time');
        const listed = await stripe.testHelpers.testClocks.list({ limit: 100 });
        assert.ok(ids(listed.data).includes(clock.id));
        const mine = await stripe.customers.list({ test_clock: clock.id });
        assert.deepEqual(ids(mine.data), [customer]);
        assert.equal((await stripe.testHelpers.testClocks.del(clock.id)).deleted, true);
        assert.equal((await stripe.customers.retrieve(customer)).deleted, true);
    },
};
