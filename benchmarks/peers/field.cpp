// Log-Gaussian Cox process on a lattice, for TMB: the model of benchmarks/field.py, word for word.
#include <TMB.hpp>

template <class Type>
Type objective_function<Type>::operator()() {
  DATA_VECTOR(found);        // items in each searched cell
  DATA_VECTOR(exposure);     // ground searched there, effectively
  DATA_IVECTOR(cell);        // its node, from 0
  DATA_SPARSE_MATRIX(one);   // identity
  DATA_SPARSE_MATRIX(graph); // graph Laplacian
  DATA_SPARSE_MATRIX(twice); // its square
  DATA_MATRIX(prior);        // mean and sd of log range (in nodes), log spread, level
  PARAMETER_VECTOR(hyper);   // the same three
  PARAMETER_VECTOR(field);

  Type a = 8.0 * exp(-2.0 * hyper(0));
  // variance of a node of the endless lattice: (2/pi) E(m) / (a (a + 8)), E by arithmetic-geometric means
  Type b = a + 4.0, x = 1.0, y = sqrt(a * (a + 8.0)) / b, weight = 0.5, loss = 8.0 / (b * b);
  for (int i = 0; i < 6; i++) {
    Type gap = 0.5 * (x - y), mean = 0.5 * (x + y);
    y = sqrt(x * y);
    x = mean;
    weight *= 2.0;
    loss += weight * gap * gap;
  }
  Type variance = (1.0 - loss) / (x * a * (a + 8.0));
  Type scale = variance * exp(-2.0 * hyper(1));
  Eigen::SparseMatrix<Type> precision = one * (scale * a * a) + graph * (scale * 2.0 * a) + twice * scale;

  Type loss_total = density::GMRF(precision)(field);
  for (int i = 0; i < 3; i++) loss_total -= dnorm(hyper(i), prior(i, 0), prior(i, 1), true);
  for (int i = 0; i < found.size(); i++)
    loss_total -= dpois(found(i), exposure(i) * exp(hyper(2) + field(cell(i))), true);
  return loss_total;
}
