/*-------------------------------------------------------------------------
 *
 * estimate.c
 *	  How likely a hash lies within a radius, from a sample of distances.
 *
 * Were the 64 bits fair coins, distances would follow a binomial distribution
 * and a neighbour within 8 bits would be one in 400 million. The hashes of
 * real pictures agree far more often: their bits depend on each other, which
 * spreads the distances out. The beta-binomial distribution has one parameter
 * for just that, rho, the correlation of two bits; both its parameters follow
 * from the mean m and the variance v of the distances seen, with n = 64,
 *
 *		p = m / n,		v = n p (1 - p) (1 + (n - 1) rho)
 *
 * See N. L. Johnson, A. W. Kemp, S. Kotz, "Univariate Discrete Distributions",
 * 3rd ed. (2005), section 6.9.2, there named the negative hypergeometric.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "estimate.h"

/* What to assume of hashes nothing is known of. */
#define UNSEEN_RHO			0.02

/* Below, a beta-binomial is a binomial but for rounding. */
#define LEAST_RHO			1e-4
#define GREATEST_RHO		0.9

/* A share of the sample counts as seen from this many on. */
#define SEEN_OFTEN			3

static double
log_beta(double a, double b)
{
	return lgamma(a) + lgamma(b) - lgamma(a + b);
}

/* P(distance <= radius) if distances are beta-binomial with mean 64 p. */
static double
beta_binomial_cdf(int radius, double p, double rho)
{
	const double n = HAMMING_BITS;
	double		a = p * (1 - rho) / rho;
	double		b = (1 - p) * (1 - rho) / rho;
	double		sum = 0;

	if (radius >= HAMMING_BITS)
		return 1;
	for (int k = 0; k <= radius; k++)
		sum += exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) +
				   log_beta(k + a, n - k + b) - log_beta(a, b));
	return Min(sum, 1);
}

/* The share of hashes within the radius of any center, nothing being known. */
double
estimate_unseen(int radius)
{
	return beta_binomial_cdf(radius, 0.5, UNSEEN_RHO);
}

/*
 * The share of hashes within the radius, given distances of a sample. What
 * the sample itself shows often enough is believed; smaller shares than it
 * can show come from the distribution that fits it.
 */
double
estimate_from_sample(const DistanceSample *sample, int radius)
{
	double		total = (double) sample->total;
	double		mean = 0;
	double		square = 0;
	double		variance;
	double		p;
	double		rho;
	double		fitted;
	int64		within = 0;

	if (sample->total < SEEN_OFTEN)
		return estimate_unseen(radius);

	for (int d = 0; d <= HAMMING_BITS; d++)
	{
		mean += d * (double) sample->count[d] / total;
		square += (double) d * d * (double) sample->count[d] / total;
		if (d <= radius)
			within += sample->count[d];
	}
	if (within >= SEEN_OFTEN || radius >= HAMMING_BITS)
		return (double) within / total;

	variance = Max(square - mean * mean, 0) * total / (total - 1);
	p = Min(Max(mean / HAMMING_BITS, 0.01), 0.99);
	rho = (variance / (HAMMING_BITS * p * (1 - p)) - 1) / (HAMMING_BITS - 1);
	rho = Min(Max(rho, LEAST_RHO), GREATEST_RHO);
	fitted = beta_binomial_cdf(radius, p, rho);

	/* Seen less often than that, it can't be a larger share than that. */
	return Min(fitted, SEEN_OFTEN / total);
}
