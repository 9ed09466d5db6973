/* What is sold: products, prices, coupons, promotion codes. */

import {
    assert, collect, failing, ids, stripe,
} from './lib/life.mjs';

export default {
    async a_product_has_prices() {
        const product = await stripe.products.create({
            name: 'Vantage Pro', description: '100 tokens a month', metadata: { plan: 'monthly_pro' },
            default_price_data: { currency: 'usd', unit_amount: 5999, recurring: { interval: 'month' } },
            expand: ['default_price'],
        });
        assert.equal(product.default_price.unit_amount, 5999);
        assert.equal(product.default_price.unit_amount_decimal.toString(), '5999');
        assert.equal(product.default_price.recurring.interval, 'month');
        const yearly = await stripe.prices.create({
            product: product.id, currency: 'usd', unit_amount: 59990, lookup_key: 'sdk_pro_yearly',
            recurring: { interval: 'year' }, nickname: 'A year', metadata: { plan: 'yearly_pro' },
        });
        assert.equal(yearly.type, 'recurring');
        const once = await stripe.prices.create({
            product_data: { name: 'Starter' }, currency: 'eur', unit_amount_decimal: '999.5' });
        assert.equal(once.type, 'one_time');
        assert.equal(once.recurring, null);
        assert.equal(once.unit_amount, null);
        const found = await stripe.prices.list({ lookup_keys: ['sdk_pro_yearly'], expand: ['data.product'] });
        assert.deepEqual(ids(found.data), [yearly.id]);
        assert.equal(found.data[0].product.name, 'Vantage Pro');
        const listed = await collect(stripe.prices.list({ product: product.id, type: 'recurring', limit: 1 }));
        assert.deepEqual(ids(listed), [yearly.id, product.default_price.id]);
        const read = await stripe.prices.retrieve(yearly.id, { expand: ['product'] });
        assert.equal(read.product.id, product.id);
    },

    async a_lookup_key_moves_to_another_price() {
        const make = (more) => stripe.prices.create({
            product_data: { name: 'Moved' }, currency: 'usd', unit_amount: 100,
            lookup_key: 'sdk_moved', ...more });
        const first = await make({});
        const taken = await failing(make({}));
        assert.equal(taken.statusCode, 400);
        const second = await make({ transfer_lookup_key: true });
        assert.equal(second.lookup_key, 'sdk_moved');
        assert.equal((await stripe.prices.retrieve(first.id)).lookup_key, null);
    },

    async what_is_sold_can_be_changed_and_taken_away() {
        const product = await stripe.products.create({ name: 'Old' });
        const price = await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 100 });
        assert.equal((await stripe.prices.update(price.id, { active: false, metadata: { a: '1' } })).active, false);
        const renamed = await stripe.products.update(product.id, { name: 'New', active: false });
        assert.equal(renamed.name, 'New');
        assert.equal((await failing(stripe.products.del(product.id))).statusCode, 400);
        const bare = await stripe.products.create({ name: 'Bare', id: 'prod_sdk_bare' });
        assert.equal((await stripe.products.del(bare.id)).deleted, true);
        assert.equal((await failing(stripe.products.retrieve(bare.id))).code, 'resource_missing');
        const listed = await stripe.products.list({ active: false, limit: 100 });
        assert.ok(ids(listed.data).includes(product.id));
        assert.equal((await stripe.products.retrieve(product.id)).name, 'New');
    },

    async a_coupon_has_promotion_codes() {
        const coupon = await stripe.coupons.create({
            percent_off: 25, duration: 'repeating', duration_in_months: 3, name: 'Spring' });
        assert.equal(coupon.percent_off, 25);
        assert.equal(coupon.valid, true);
        const amount = await stripe.coupons.create({ amount_off: 500, currency: 'usd', duration: 'once' });
        assert.equal(amount.amount_off, 500);
        const code = await stripe.promotionCodes.create({
            promotion: { type: 'coupon', coupon: coupon.id }, code: 'SDKSPRING', max_redemptions: 5 });
        assert.equal(code.promotion.coupon, coupon.id);
        const found = await stripe.promotionCodes.list({
            code: 'SDKSPRING', active: true, expand: ['data.promotion.coupon'] });
        assert.equal(found.data[0].promotion.coupon.id, coupon.id);
        assert.equal((await stripe.promotionCodes.retrieve(code.id)).code, 'SDKSPRING');
        assert.equal((await stripe.coupons.retrieve(coupon.id)).name, 'Spring');
        assert.equal((await stripe.promotionCodes.update(code.id, { active: false })).active, false);
        const error = await failing(stripe.promotionCodes.create({
            promotion: { type: 'coupon', coupon: coupon.id }, code: 'SDKSPRING', active: true,
            restrictions: { minimum_amount: 100 } }));
        assert.equal(error.statusCode, 400);
        assert.equal((await stripe.coupons.update(coupon.id, { metadata: { a: '1' } })).metadata.a, '1');
        assert.equal((await stripe.coupons.del(amount.id)).deleted, true);
        assert.ok(ids((await stripe.coupons.list({ limit: 100 })).data).includes(coupon.id));
    },

    async a_plan_is_a_price_by_its_old_name() {
        const plan = await stripe.plans.create({
            currency: 'usd', interval: 'month', amount: 1999, product: { name: 'Monthly' } });
        assert.equal(plan.amount, 1999);
        assert.equal((await stripe.prices.retrieve(plan.id)).unit_amount, 1999);
        assert.equal((await stripe.plans.update(plan.id, { nickname: 'M' })).nickname, 'M');
        const read = await stripe.plans.retrieve(plan.id, { expand: ['product'] });
        assert.equal(read.product.name, 'Monthly');
        const listed = await stripe.plans.list({ product: plan.product, active: true });
        assert.deepEqual(ids(listed.data), [plan.id]);
        assert.equal((await stripe.plans.del(plan.id)).deleted, true);
        assert.equal((await failing(stripe.plans.retrieve(plan.id))).code, 'resource_missing');
    },
};
