MLFF_KERNEL(phase_0, kMinBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, const real* MLFF_RESTRICT c0, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c5, const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7,
            const real* MLFF_RESTRICT c8, const real* MLFF_RESTRICT c9, const real* MLFF_RESTRICT c10,
            const real* MLFF_RESTRICT c11, const real* MLFF_RESTRICT c12, const real* MLFF_RESTRICT c13,
            const real* MLFF_RESTRICT c14, real* MLFF_RESTRICT b0, real* MLFF_RESTRICT b1, real* MLFF_RESTRICT b2,
            real* MLFF_RESTRICT b3, real* MLFF_RESTRICT b4, real* MLFF_RESTRICT b5, real* MLFF_RESTRICT b6,
            real* MLFF_RESTRICT b7, real* MLFF_RESTRICT b8, real* MLFF_RESTRICT b9, real* MLFF_RESTRICT b10,
            real* MLFF_RESTRICT b11) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 48;   // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<8, 8, 2, 3>(c0));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a10[slots<8>()] = {};
    real a14x[slots<8>()] = {};
    real a14y[slots<8>()] = {};
    real a14z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 13.0612245f;
        p.row = spline_interval(at, (int)64.0f);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 8) {
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g2 = spline_sum<5, 8>(p.basis, c1 + p.row * 8 + f);
            const Group<8> g4 = group_at<8>(&c2[row_of(element[p.j], 8) + f]);
            const Group<8> g6 = spline_sum<5, 8>(p.basis, c3 + p.row * 8 + f);
            const Group<8> g8 = group_at<8>(&c4[row_of(element[p.j], 8) + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v2 = g2.value[u];
              const real v4 = g4.value[u];
              const real v5 = v2 * v4;
              const real v6 = g6.value[u];
              const real v8 = g8.value[u];
              const real v9 = v6 * v8;
              const real v13x = v9 * p.ux;
              const real v13y = v9 * p.uy;
              const real v13z = v9 * p.uz;
              a10[c + u] += v5;
              a14x[c + u] += v13x;
              a14y[c + u] += v13y;
              a14z[c + u] += v13z;
            }
          }
        }
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[0 * kTile + t * 8 + f], group_of_slots<8>(a10, c)); }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[8 * kTile + t * 24 + f], group_of_slots<8>(a14x, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 8 + f], group_of_slots<8>(a14y, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 16 + f], group_of_slots<8>(a14z, c));
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g0 = group_at<8>(&c5[row_of(element[i], 8) + f]);
      const Group<8> g10 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      Group<8> r11;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v0 = g0.value[u];
        const real v10 = g10.value[u];
        const real v11 = v0 + v10;
        r11.value[u] = v11;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r11);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 3>(rows * 3, tile + 8 * kTile, nullptr, c0, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c6), b0 + row_of(first, 24), b1 + row_of(first, 24));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g15x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g15y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g15z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      Group<8> r20;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v15x = g15x.value[u];
        const real v15y = g15y.value[u];
        const real v15z = g15z.value[u];
        const real v17 = v15x * v15x + v15y * v15y + v15z * v15z;
        const real v19 = v17 + 1e-08f;
        const real v20 = m_sqrt(v19);
        r20.value[u] = v20;
      }
      put_group<8>(&tile[32 * kTile + t * 8 + f], r20);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c6, 1.0f, c7, false, ring, first_steps<8, 8, 1, 1>(c8),
                          tile + 40 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 32 * kTile, nullptr, c8, 1.0f, nullptr, true, ring, first_steps<8, 8, 3, 1>(c9),
                          tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g21 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      Group<8> r22;
      Group<8> r139;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v21 = g21.value[u];
        const real v22 = m_silu(v21);
        const real v134 = m_sigmoid(v21);
        const real v135 = -v134;
        const real v136 = 1.0f + v135;
        const real v137 = v21 * v136;
        const real v138 = 1.0f + v137;
        const real v139 = v134 * v138;
        r22.value[u] = v22;
        r139.value[u] = v139;
      }
      put_group<8>(&tile[32 * kTile + t * 8 + f], r22);
      put_group<8>(&b11[row_of(i, 8) + f], r139);
    }
  }
  block_barrier();
  linear_tile<8, 8, 3, 1>(rows, tile + 32 * kTile, nullptr, c9, 1.0f, c10, false, ring, first_steps<8, 8, 1, 1>(c11),
                          b2 + row_of(first, 8), b3 + row_of(first, 8), tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g11 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g24 = group_at<8>(&b3[row_of(i, 8) + f]);
      const Group<8> g15x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g15y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g15z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g16x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g16y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g16z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      const Group<8> g28 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g14x = group_at<8>(&tile[8 * kTile + t * 24 + f]);
      const Group<8> g14y = group_at<8>(&tile[8 * kTile + t * 24 + 8 + f]);
      const Group<8> g14z = group_at<8>(&tile[8 * kTile + t * 24 + 16 + f]);
      const Group<8> g23 = group_at<8>(&b2[row_of(i, 8) + f]);
      Group<8> r29;
      Group<8> r31x;
      Group<8> r31y;
      Group<8> r31z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v11 = g11.value[u];
        const real v24 = g24.value[u];
        const real v15x = g15x.value[u];
        const real v15y = g15y.value[u];
        const real v15z = g15z.value[u];
        const real v16x = g16x.value[u];
        const real v16y = g16y.value[u];
        const real v16z = g16z.value[u];
        const real v25 = v15x * v16x + v15y * v16y + v15z * v16z;
        const real v26 = v24 * v25;
        const real v27 = v11 + v26;
        const real v28 = g28.value[u];
        const real v29 = v27 + v28;
        const real v14x = g14x.value[u];
        const real v14y = g14y.value[u];
        const real v14z = g14z.value[u];
        const real v23 = g23.value[u];
        const real v30x = v16x * v23;
        const real v30y = v16y * v23;
        const real v30z = v16z * v23;
        const real v31x = v14x + v30x;
        const real v31y = v14y + v30y;
        const real v31z = v14z + v30z;
        r29.value[u] = v29;
        r31x.value[u] = v31x;
        r31y.value[u] = v31y;
        r31z.value[u] = v31z;
      }
      put_group<8>(&b4[row_of(i, 8) + f], r29);
      put_group<8>(&b5[row_of(i, 24) + f], r31x);
      put_group<8>(&b5[row_of(i, 24) + 8 + f], r31y);
      put_group<8>(&b5[row_of(i, 24) + 16 + f], r31z);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, b4 + row_of(first, 8), nullptr, c11, 1.0f, c12, false, ring,
                          first_steps<8, 8, 3, 1>(c13), tile + 0 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g32 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      Group<8> r33;
      Group<8> r122;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v32 = g32.value[u];
        const real v33 = m_silu(v32);
        const real v117 = m_sigmoid(v32);
        const real v118 = -v117;
        const real v119 = 1.0f + v118;
        const real v120 = v32 * v119;
        const real v121 = 1.0f + v120;
        const real v122 = v117 * v121;
        r33.value[u] = v33;
        r122.value[u] = v122;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r33);
      put_group<8>(&b10[row_of(i, 8) + f], r122);
    }
  }
  block_barrier();
  linear_tile<8, 8, 3, 1>(rows, tile + 0 * kTile, nullptr, c13, 1.0f, c14, false, ring, no_steps(),
                          b6 + row_of(first, 8), b7 + row_of(first, 8), b8 + row_of(first, 8));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g31x = group_at<8>(&b5[row_of(i, 24) + f]);
      const Group<8> g31y = group_at<8>(&b5[row_of(i, 24) + 8 + f]);
      const Group<8> g31z = group_at<8>(&b5[row_of(i, 24) + 16 + f]);
      const Group<8> g43 = group_at<8>(&b8[row_of(i, 8) + f]);
      Group<8> r47x;
      Group<8> r47y;
      Group<8> r47z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v31x = g31x.value[u];
        const real v31y = g31y.value[u];
        const real v31z = g31z.value[u];
        const real v43 = g43.value[u];
        const real v47x = v31x * v43;
        const real v47y = v31y * v43;
        const real v47z = v31z * v43;
        r47x.value[u] = v47x;
        r47y.value[u] = v47y;
        r47z.value[u] = v47z;
      }
      put_group<8>(&b9[row_of(i, 24) + f], r47x);
      put_group<8>(&b9[row_of(i, 24) + 8 + f], r47y);
      put_group<8>(&b9[row_of(i, 24) + 16 + f], r47z);
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_1, kMinBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT atom_energy, const real* MLFF_RESTRICT c15, const real* MLFF_RESTRICT c16,
            const real* MLFF_RESTRICT c17, const real* MLFF_RESTRICT c18, const real* MLFF_RESTRICT c19,
            const real* MLFF_RESTRICT c20, const real* MLFF_RESTRICT c21, const real* MLFF_RESTRICT c22,
            const real* MLFF_RESTRICT c23, const real* MLFF_RESTRICT c24, const real* MLFF_RESTRICT c25,
            const real* MLFF_RESTRICT c26, const real* MLFF_RESTRICT c27, const real* MLFF_RESTRICT c28,
            const real* MLFF_RESTRICT c29, const real* MLFF_RESTRICT c30, const real* MLFF_RESTRICT c31,
            const real* MLFF_RESTRICT c32, const real* MLFF_RESTRICT c33, const real* MLFF_RESTRICT b4,
            const real* MLFF_RESTRICT b5, const real* MLFF_RESTRICT b6, const real* MLFF_RESTRICT b7,
            const real* MLFF_RESTRICT b9, real* MLFF_RESTRICT b12, real* MLFF_RESTRICT b13) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 128;  // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<8, 8, 2, 3>(c15));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a44[slots<8>()] = {};
    real a51x[slots<8>()] = {};
    real a51y[slots<8>()] = {};
    real a51z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 13.0612245f;
        p.row = spline_interval(at, (int)64.0f);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 8) {
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g34 = spline_sum<5, 8>(p.basis, c16 + p.row * 8 + f);
            const Group<8> g36 = group_at<8>(&b6[row_of(p.j, 8) + f]);
            const Group<8> g38 = spline_sum<5, 8>(p.basis, c17 + p.row * 8 + f);
            const Group<8> g40 = group_at<8>(&b7[row_of(p.j, 8) + f]);
            const Group<8> g42 = spline_sum<5, 8>(p.basis, c18 + p.row * 8 + f);
            const Group<8> g48x = group_at<8>(&b9[row_of(p.j, 24) + f]);
            const Group<8> g48y = group_at<8>(&b9[row_of(p.j, 24) + 8 + f]);
            const Group<8> g48z = group_at<8>(&b9[row_of(p.j, 24) + 16 + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v34 = g34.value[u];
              const real v36 = g36.value[u];
              const real v37 = v34 * v36;
              const real v38 = g38.value[u];
              const real v40 = g40.value[u];
              const real v41 = v38 * v40;
              const real v46x = p.ux * v41;
              const real v46y = p.uy * v41;
              const real v46z = p.uz * v41;
              const real v42 = g42.value[u];
              const real v48x = g48x.value[u];
              const real v48y = g48y.value[u];
              const real v48z = g48z.value[u];
              const real v49x = v42 * v48x;
              const real v49y = v42 * v48y;
              const real v49z = v42 * v48z;
              const real v50x = v46x + v49x;
              const real v50y = v46y + v49y;
              const real v50z = v46z + v49z;
              a44[c + u] += v37;
              a51x[c + u] += v50x;
              a51y[c + u] += v50y;
              a51z[c + u] += v50z;
            }
          }
        }
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[0 * kTile + t * 8 + f], group_of_slots<8>(a44, c)); }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[8 * kTile + t * 24 + f], group_of_slots<8>(a51x, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 8 + f], group_of_slots<8>(a51y, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 16 + f], group_of_slots<8>(a51z, c));
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g29 = group_at<8>(&b4[row_of(i, 8) + f]);
      const Group<8> g44 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g31x = group_at<8>(&b5[row_of(i, 24) + f]);
      const Group<8> g31y = group_at<8>(&b5[row_of(i, 24) + 8 + f]);
      const Group<8> g31z = group_at<8>(&b5[row_of(i, 24) + 16 + f]);
      const Group<8> g51x = group_at<8>(&tile[8 * kTile + t * 24 + f]);
      const Group<8> g51y = group_at<8>(&tile[8 * kTile + t * 24 + 8 + f]);
      const Group<8> g51z = group_at<8>(&tile[8 * kTile + t * 24 + 16 + f]);
      Group<8> r45;
      Group<8> r52x;
      Group<8> r52y;
      Group<8> r52z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v29 = g29.value[u];
        const real v44 = g44.value[u];
        const real v45 = v29 + v44;
        const real v31x = g31x.value[u];
        const real v31y = g31y.value[u];
        const real v31z = g31z.value[u];
        const real v51x = g51x.value[u];
        const real v51y = g51y.value[u];
        const real v51z = g51z.value[u];
        const real v52x = v31x + v51x;
        const real v52y = v31y + v51y;
        const real v52z = v31z + v51z;
        r45.value[u] = v45;
        r52x.value[u] = v52x;
        r52y.value[u] = v52y;
        r52z.value[u] = v52z;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r45);
      put_group<8>(&tile[8 * kTile + t * 24 + f], r52x);
      put_group<8>(&tile[8 * kTile + t * 24 + 8 + f], r52y);
      put_group<8>(&tile[8 * kTile + t * 24 + 16 + f], r52z);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 3>(rows * 3, tile + 8 * kTile, nullptr, c15, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c19), tile + 32 * kTile, tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g53x = group_at<8>(&tile[32 * kTile + t * 24 + f]);
      const Group<8> g53y = group_at<8>(&tile[32 * kTile + t * 24 + 8 + f]);
      const Group<8> g53z = group_at<8>(&tile[32 * kTile + t * 24 + 16 + f]);
      const Group<8> g54x = group_at<8>(&tile[56 * kTile + t * 24 + f]);
      const Group<8> g54y = group_at<8>(&tile[56 * kTile + t * 24 + 8 + f]);
      const Group<8> g54z = group_at<8>(&tile[56 * kTile + t * 24 + 16 + f]);
      Group<8> r55;
      Group<8> r57;
      Group<8> r61;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v53x = g53x.value[u];
        const real v53y = g53y.value[u];
        const real v53z = g53z.value[u];
        const real v55 = v53x * v53x + v53y * v53y + v53z * v53z;
        const real v56 = 1e-08f + v55;
        const real v57 = m_sqrt(v56);
        const real v54x = g54x.value[u];
        const real v54y = g54y.value[u];
        const real v54z = g54z.value[u];
        const real v61 = v53x * v54x + v53y * v54y + v53z * v54z;
        r55.value[u] = v55;
        r57.value[u] = v57;
        r61.value[u] = v61;
      }
      put_group<8>(&tile[8 * kTile + t * 8 + f], r55);
      put_group<8>(&tile[16 * kTile + t * 8 + f], r57);
      put_group<8>(&tile[24 * kTile + t * 8 + f], r61);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c19, 1.0f, c20, false, ring, first_steps<8, 8, 1, 1>(c21),
                          tile + 80 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 16 * kTile, nullptr, c21, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 2, 1>(c22), tile + 80 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g58 = group_at<8>(&tile[80 * kTile + t * 8 + f]);
      Group<8> r59;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v58 = g58.value[u];
        const real v59 = m_silu(v58);
        r59.value[u] = v59;
      }
      put_group<8>(&tile[16 * kTile + t * 8 + f], r59);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 1>(rows, tile + 16 * kTile, nullptr, c22, 1.0f, c23, false, ring, first_steps<8, 5, 1, 1>(c24),
                          tile + 88 * kTile, tile + 96 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g45 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g60 = group_at<8>(&tile[88 * kTile + t * 8 + f]);
      const Group<8> g61 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g64 = group_at<8>(&tile[96 * kTile + t * 8 + f]);
      Group<8> r65;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v45 = g45.value[u];
        const real v60 = g60.value[u];
        const real v61 = g61.value[u];
        const real v62 = v60 * v61;
        const real v63 = v45 + v62;
        const real v64 = g64.value[u];
        const real v65 = v63 + v64;
        r65.value[u] = v65;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r65);
    }
  }
  block_barrier();
  linear_tile<8, 5, 1, 1>(rows, tile + 0 * kTile, nullptr, c24, 1.0f, c25, false, ring, first_steps<5, 1, 1, 1>(c26),
                          tile + 16 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 5) {
      const Group<5> g66 = group_at<5>(&tile[16 * kTile + t * 5 + f]);
      const Group<5> g71 = group_at<5>(&c27[f]);
      Group<5> r67;
      Group<5> r78;
      MLFF_EACH_OF_GROUP(u, 5) {
        const real v66 = g66.value[u];
        const real v67 = m_silu(v66);
        const real v71 = g71.value[u];
        const real v72 = m_sigmoid(v66);
        const real v73 = -v72;
        const real v74 = 1.0f + v73;
        const real v75 = v66 * v74;
        const real v76 = 1.0f + v75;
        const real v77 = v72 * v76;
        const real v78 = v71 * v77;
        r67.value[u] = v67;
        r78.value[u] = v78;
      }
      put_group<5>(&tile[0 * kTile + t * 5 + f], r67);
      put_group<5>(&tile[16 * kTile + t * 5 + f], r78);
    }
  }
  block_barrier();
  linear_tile<5, 1, 1, 1>(rows, tile + 0 * kTile, nullptr, c26, 1.0f, nullptr, false, ring,
                          first_steps<5, 8, 1, 1>(c28), tile + 5 * kTile);
  linear_tile<5, 8, 1, 1>(rows, tile + 16 * kTile, nullptr, c28, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c29), tile + 96 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g61 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g79 = group_at<8>(&tile[96 * kTile + t * 8 + f]);
      const Group<8> g53x = group_at<8>(&tile[32 * kTile + t * 24 + f]);
      const Group<8> g53y = group_at<8>(&tile[32 * kTile + t * 24 + 8 + f]);
      const Group<8> g53z = group_at<8>(&tile[32 * kTile + t * 24 + 16 + f]);
      const Group<8> g60 = group_at<8>(&tile[88 * kTile + t * 8 + f]);
      Group<8> r80;
      Group<8> r83x;
      Group<8> r83y;
      Group<8> r83z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v61 = g61.value[u];
        const real v79 = g79.value[u];
        const real v80 = v61 * v79;
        const real v53x = g53x.value[u];
        const real v53y = g53y.value[u];
        const real v53z = g53z.value[u];
        const real v60 = g60.value[u];
        const real v81 = v60 * v79;
        const real v83x = v53x * v81;
        const real v83y = v53y * v81;
        const real v83z = v53z * v81;
        r80.value[u] = v80;
        r83x.value[u] = v83x;
        r83y.value[u] = v83y;
        r83z.value[u] = v83z;
      }
      put_group<8>(&tile[16 * kTile + t * 8 + f], r80);
      put_group<8>(&tile[104 * kTile + t * 24 + f], r83x);
      put_group<8>(&tile[104 * kTile + t * 24 + 8 + f], r83y);
      put_group<8>(&tile[104 * kTile + t * 24 + 16 + f], r83z);
    }
    MLFF_EACH_GROUP(c, f, 1) {
      MLFF_EACH_OF_GROUP(u, 1) {
        const real v68 = tile[5 * kTile + t * 1];
        atom_energy[i] = v68;
      }
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 16 * kTile, nullptr, c29, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c30), tile + 0 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 96 * kTile, nullptr, c30, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 2, 1>(c31), tile + 0 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g84 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g58 = group_at<8>(&tile[80 * kTile + t * 8 + f]);
      Group<8> r91;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v84 = g84.value[u];
        const real v58 = g58.value[u];
        const real v85 = m_sigmoid(v58);
        const real v86 = -v85;
        const real v87 = 1.0f + v86;
        const real v88 = v58 * v87;
        const real v89 = 1.0f + v88;
        const real v90 = v85 * v89;
        const real v91 = v84 * v90;
        r91.value[u] = v91;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r91);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 1>(rows, tile + 0 * kTile, nullptr, c31, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 3>(c32), tile + 16 * kTile, tile + 24 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g79 = group_at<8>(&tile[96 * kTile + t * 8 + f]);
      const Group<8> g92 = group_at<8>(&tile[16 * kTile + t * 8 + f]);
      const Group<8> g53x = group_at<8>(&tile[32 * kTile + t * 24 + f]);
      const Group<8> g53y = group_at<8>(&tile[32 * kTile + t * 24 + 8 + f]);
      const Group<8> g53z = group_at<8>(&tile[32 * kTile + t * 24 + 16 + f]);
      const Group<8> g94 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g55 = group_at<8>(&tile[8 * kTile + t * 8 + f]);
      const Group<8> g54x = group_at<8>(&tile[56 * kTile + t * 24 + f]);
      const Group<8> g54y = group_at<8>(&tile[56 * kTile + t * 24 + 8 + f]);
      const Group<8> g54z = group_at<8>(&tile[56 * kTile + t * 24 + 16 + f]);
      const Group<8> g60 = group_at<8>(&tile[88 * kTile + t * 8 + f]);
      Group<8> r93;
      Group<8> r101x;
      Group<8> r101y;
      Group<8> r101z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v79 = g79.value[u];
        const real v92 = g92.value[u];
        const real v93 = v79 + v92;
        const real v53x = g53x.value[u];
        const real v53y = g53y.value[u];
        const real v53z = g53z.value[u];
        const real v94 = g94.value[u];
        const real v55 = g55.value[u];
        const real v56 = 1e-08f + v55;
        const real v95 = m_rsqrt(v56);
        const real v97 = v95 * 0.5f;
        const real v98 = v94 * v97;
        const real v99x = v53x * v98;
        const real v99y = v53y * v98;
        const real v99z = v53z * v98;
        const real v54x = g54x.value[u];
        const real v54y = g54y.value[u];
        const real v54z = g54z.value[u];
        const real v60 = g60.value[u];
        const real v81 = v60 * v79;
        const real v82x = v54x * v81;
        const real v82y = v54y * v81;
        const real v82z = v54z * v81;
        const real v100x = v99x + v82x;
        const real v100y = v99y + v82y;
        const real v100z = v99z + v82z;
        const real v101x = v100x + v99x;
        const real v101y = v100y + v99y;
        const real v101z = v100z + v99z;
        r93.value[u] = v93;
        r101x.value[u] = v101x;
        r101y.value[u] = v101y;
        r101z.value[u] = v101z;
      }
      put_group<8>(&b12[row_of(i, 8) + f], r93);
      put_group<8>(&tile[32 * kTile + t * 24 + f], r101x);
      put_group<8>(&tile[32 * kTile + t * 24 + 8 + f], r101y);
      put_group<8>(&tile[32 * kTile + t * 24 + 16 + f], r101z);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 3>(rows * 3, tile + 104 * kTile, nullptr, c32, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 3>(c33), b13 + row_of(first, 24));
  linear_tile<8, 8, 1, 3>(rows * 3, tile + 32 * kTile, nullptr, c33, 1.0f, nullptr, true, ring, no_steps(),
                          b13 + row_of(first, 24));
  block_barrier();
}

MLFF_KERNEL(phase_2, kMinBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c16, const real* MLFF_RESTRICT c17,
            const real* MLFF_RESTRICT c18, const real* MLFF_RESTRICT c34, const real* MLFF_RESTRICT c35,
            const real* MLFF_RESTRICT c36, const real* MLFF_RESTRICT c37, const real* MLFF_RESTRICT c38,
            const real* MLFF_RESTRICT c39, const real* MLFF_RESTRICT c40, const real* MLFF_RESTRICT c41,
            const real* MLFF_RESTRICT c42, const real* MLFF_RESTRICT c43, const real* MLFF_RESTRICT b0,
            const real* MLFF_RESTRICT b1, const real* MLFF_RESTRICT b2, const real* MLFF_RESTRICT b3,
            const real* MLFF_RESTRICT b5, const real* MLFF_RESTRICT b6, const real* MLFF_RESTRICT b7,
            const real* MLFF_RESTRICT b8, const real* MLFF_RESTRICT b9, const real* MLFF_RESTRICT b10,
            const real* MLFF_RESTRICT b11, const real* MLFF_RESTRICT b12, const real* MLFF_RESTRICT b13,
            real* MLFF_RESTRICT b14, real* MLFF_RESTRICT b15) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    real slope[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 104;  // of tile arrays, an atom
  constexpr int kSumNumbers = 4;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<8, 8, 1, 1>(c34));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a105x[slots<8>()] = {};
    real a105y[slots<8>()] = {};
    real a105z[slots<8>()] = {};
    real a111[slots<8>()] = {};
    real a115[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 13.0612245f;
        p.row = spline_interval(at, (int)64.0f);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.slope[k] = slope[k] * 13.0612245f;
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_GROUP(c, f, 8) {
          const Group<8> g47x = group_at<8>(&b9[row_of(i, 24) + f]);
          const Group<8> g47y = group_at<8>(&b9[row_of(i, 24) + 8 + f]);
          const Group<8> g47z = group_at<8>(&b9[row_of(i, 24) + 16 + f]);
          const Group<8> g35 = group_at<8>(&b6[row_of(i, 8) + f]);
          const Group<8> g39 = group_at<8>(&b7[row_of(i, 8) + f]);
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g42 = spline_sum<5, 8>(p.basis, c18 + p.row * 8 + f);
            const Group<8> g103x = group_at<8>(&b13[row_of(p.j, 24) + f]);
            const Group<8> g103y = group_at<8>(&b13[row_of(p.j, 24) + 8 + f]);
            const Group<8> g103z = group_at<8>(&b13[row_of(p.j, 24) + 16 + f]);
            const Group<8> g38 = spline_sum<5, 8>(p.basis, c17 + p.row * 8 + f);
            const Group<8> g34 = spline_sum<5, 8>(p.basis, c16 + p.row * 8 + f);
            const Group<8> g113 = group_at<8>(&b12[row_of(p.j, 8) + f]);
            const Group<8> g156 = spline_sum<5, 8>(p.slope, c18 + p.row * 8 + f);
            const Group<8> g154 = spline_sum<5, 8>(p.slope, c16 + p.row * 8 + f);
            const Group<8> g155 = spline_sum<5, 8>(p.slope, c17 + p.row * 8 + f);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v47x = g47x.value[u];
              const real v47y = g47y.value[u];
              const real v47z = g47z.value[u];
              const real v35 = g35.value[u];
              const real v39 = g39.value[u];
              const real v42 = g42.value[u];
              const real v103x = g103x.value[u];
              const real v103y = g103y.value[u];
              const real v103z = g103z.value[u];
              const real v104x = v42 * v103x;
              const real v104y = v42 * v103y;
              const real v104z = v42 * v103z;
              const real v38 = g38.value[u];
              const real v109 = p.ux * v103x + p.uy * v103y + p.uz * v103z;
              const real v110 = v38 * v109;
              const real v34 = g34.value[u];
              const real v113 = g113.value[u];
              const real v114 = v34 * v113;
              const real v156 = g156.value[u];
              const real v159 = v103x * v47x + v103y * v47y + v103z * v47z;
              const real v160 = v156 * v159;
              const real v154 = g154.value[u];
              const real v162 = v113 * v154;
              const real v163 = v35 * v162;
              const real v168 = v160 + v163;
              const real v155 = g155.value[u];
              const real v165 = v109 * v155;
              const real v166 = v39 * v165;
              const real v167 = -v166;
              const real v169 = v168 + v167;
              const real v173 = v38 * v39;
              const real v174x = v103x * v173;
              const real v174y = v103y * v173;
              const real v174z = v103z * v173;
              a105x[c + u] += v104x;
              a105y[c + u] += v104y;
              a105z[c + u] += v104z;
              a111[c + u] += v110;
              a115[c + u] += v114;
              part0[e * 4 + 0] += v169;
              part0[e * 4 + 1] += v174x;
              part0[e * 4 + 2] += v174y;
              part0[e * 4 + 3] += v174z;
            }
          }
        }
        leave_sums<4>(sums, p0, part0);
      };
      int p0 = 0;
      constexpr int kBatch = kHeavyPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v170 = left_sum<4>(sums, e, 0);
        const real v175x = left_sum<4>(sums, e, 1);
        const real v175y = left_sum<4>(sums, e, 2);
        const real v175z = left_sum<4>(sums, e, 3);
        const real v171x = p.ux * v170;
        const real v171y = p.uy * v170;
        const real v171z = p.uz * v170;
        const real v172x = -v171x;
        const real v172y = -v171y;
        const real v172z = -v171z;
        const real v157 = m_reciprocal(p.r);
        const real v176 = p.ux * v175x + p.uy * v175y + p.uz * v175z;
        const real v177x = p.ux * v176;
        const real v177y = p.uy * v176;
        const real v177z = p.uz * v176;
        const real v178x = -v177x;
        const real v178y = -v177y;
        const real v178z = -v177z;
        const real v179x = v175x + v178x;
        const real v179y = v175y + v178y;
        const real v179z = v175z + v178z;
        const real v180x = v157 * v179x;
        const real v180y = v157 * v179y;
        const real v180z = v157 * v179z;
        const real v181x = v172x + v180x;
        const real v181y = v172y + v180y;
        const real v181z = v172z + v180z;
        pair_gradient[row_of(q, 3)] = v181x;
        pair_gradient[row_of(q, 3) + 1] = v181y;
        pair_gradient[row_of(q, 3) + 2] = v181z;
      }
    }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[0 * kTile + t * 24 + f], group_of_slots<8>(a105x, c));
      put_group<8>(&tile[0 * kTile + t * 24 + 8 + f], group_of_slots<8>(a105y, c));
      put_group<8>(&tile[0 * kTile + t * 24 + 16 + f], group_of_slots<8>(a105z, c));
    }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[24 * kTile + t * 8 + f], group_of_slots<8>(a111, c)); }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[32 * kTile + t * 8 + f], group_of_slots<8>(a115, c)); }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g102x = group_at<8>(&b13[row_of(i, 24) + f]);
      const Group<8> g102y = group_at<8>(&b13[row_of(i, 24) + 8 + f]);
      const Group<8> g102z = group_at<8>(&b13[row_of(i, 24) + 16 + f]);
      const Group<8> g43 = group_at<8>(&b8[row_of(i, 8) + f]);
      const Group<8> g105x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g105y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g105z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      const Group<8> g31x = group_at<8>(&b5[row_of(i, 24) + f]);
      const Group<8> g31y = group_at<8>(&b5[row_of(i, 24) + 8 + f]);
      const Group<8> g31z = group_at<8>(&b5[row_of(i, 24) + 16 + f]);
      const Group<8> g111 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g16x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g16y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g16z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      Group<8> r107x;
      Group<8> r107y;
      Group<8> r107z;
      Group<8> r108;
      Group<8> r112;
      Group<8> r127;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v102x = g102x.value[u];
        const real v102y = g102y.value[u];
        const real v102z = g102z.value[u];
        const real v43 = g43.value[u];
        const real v105x = g105x.value[u];
        const real v105y = g105y.value[u];
        const real v105z = g105z.value[u];
        const real v106x = v43 * v105x;
        const real v106y = v43 * v105y;
        const real v106z = v43 * v105z;
        const real v107x = v102x + v106x;
        const real v107y = v102y + v106y;
        const real v107z = v102z + v106z;
        const real v31x = g31x.value[u];
        const real v31y = g31y.value[u];
        const real v31z = g31z.value[u];
        const real v108 = v31x * v105x + v31y * v105y + v31z * v105z;
        const real v111 = g111.value[u];
        const real v112 = -v111;
        const real v16x = g16x.value[u];
        const real v16y = g16y.value[u];
        const real v16z = g16z.value[u];
        const real v127 = v16x * v107x + v16y * v107y + v16z * v107z;
        r107x.value[u] = v107x;
        r107y.value[u] = v107y;
        r107z.value[u] = v107z;
        r108.value[u] = v108;
        r112.value[u] = v112;
        r127.value[u] = v127;
      }
      put_group<8>(&tile[0 * kTile + t * 24 + f], r107x);
      put_group<8>(&tile[0 * kTile + t * 24 + 8 + f], r107y);
      put_group<8>(&tile[0 * kTile + t * 24 + 16 + f], r107z);
      put_group<8>(&tile[24 * kTile + t * 8 + f], r108);
      put_group<8>(&tile[40 * kTile + t * 8 + f], r112);
      put_group<8>(&tile[48 * kTile + t * 8 + f], r127);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 24 * kTile, nullptr, c34, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c35), tile + 56 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 40 * kTile, nullptr, c35, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 1, 1>(c36), tile + 56 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 32 * kTile, nullptr, c36, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 1, 1>(c37), tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g116 = group_at<8>(&tile[56 * kTile + t * 8 + f]);
      const Group<8> g122 = group_at<8>(&b10[row_of(i, 8) + f]);
      Group<8> r123;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v116 = g116.value[u];
        const real v122 = g122.value[u];
        const real v123 = v116 * v122;
        r123.value[u] = v123;
      }
      put_group<8>(&tile[24 * kTile + t * 8 + f], r123);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 24 * kTile, nullptr, c37, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c38), tile + 32 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g93 = group_at<8>(&b12[row_of(i, 8) + f]);
      const Group<8> g124 = group_at<8>(&tile[32 * kTile + t * 8 + f]);
      const Group<8> g15x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g15y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g15z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g16x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g16y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g16z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      const Group<8> g23 = group_at<8>(&b2[row_of(i, 8) + f]);
      const Group<8> g107x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g107y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g107z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      const Group<8> g24 = group_at<8>(&b3[row_of(i, 8) + f]);
      Group<8> r125;
      Group<8> r128;
      Group<8> r132x;
      Group<8> r132y;
      Group<8> r132z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v93 = g93.value[u];
        const real v124 = g124.value[u];
        const real v125 = v93 + v124;
        const real v15x = g15x.value[u];
        const real v15y = g15y.value[u];
        const real v15z = g15z.value[u];
        const real v16x = g16x.value[u];
        const real v16y = g16y.value[u];
        const real v16z = g16z.value[u];
        const real v25 = v15x * v16x + v15y * v16y + v15z * v16z;
        const real v128 = v25 * v125;
        const real v23 = g23.value[u];
        const real v107x = g107x.value[u];
        const real v107y = g107y.value[u];
        const real v107z = g107z.value[u];
        const real v126x = v23 * v107x;
        const real v126y = v23 * v107y;
        const real v126z = v23 * v107z;
        const real v24 = g24.value[u];
        const real v129 = v24 * v125;
        const real v131x = v15x * v129;
        const real v131y = v15y * v129;
        const real v131z = v15z * v129;
        const real v132x = v126x + v131x;
        const real v132y = v126y + v131y;
        const real v132z = v126z + v131z;
        r125.value[u] = v125;
        r128.value[u] = v128;
        r132x.value[u] = v132x;
        r132y.value[u] = v132y;
        r132z.value[u] = v132z;
      }
      put_group<8>(&tile[24 * kTile + t * 8 + f], r125);
      put_group<8>(&tile[32 * kTile + t * 8 + f], r128);
      put_group<8>(&tile[56 * kTile + t * 24 + f], r132x);
      put_group<8>(&tile[56 * kTile + t * 24 + 8 + f], r132y);
      put_group<8>(&tile[56 * kTile + t * 24 + 16 + f], r132z);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 32 * kTile, nullptr, c38, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c39), tile + 40 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 48 * kTile, nullptr, c39, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 1, 1>(c40), tile + 40 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 24 * kTile, nullptr, c40, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 2, 1>(c41), tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g133 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g139 = group_at<8>(&b11[row_of(i, 8) + f]);
      Group<8> r140;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v133 = g133.value[u];
        const real v139 = g139.value[u];
        const real v140 = v133 * v139;
        r140.value[u] = v140;
      }
      put_group<8>(&tile[32 * kTile + t * 8 + f], r140);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 1>(rows, tile + 32 * kTile, nullptr, c41, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 3>(c42), tile + 40 * kTile, tile + 48 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g125 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g141 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g15x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g15y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g15z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g143 = group_at<8>(&tile[48 * kTile + t * 8 + f]);
      const Group<8> g16x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g16y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g16z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      const Group<8> g24 = group_at<8>(&b3[row_of(i, 8) + f]);
      Group<8> r142;
      Group<8> r149x;
      Group<8> r149y;
      Group<8> r149z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v125 = g125.value[u];
        const real v141 = g141.value[u];
        const real v142 = v125 + v141;
        const real v15x = g15x.value[u];
        const real v15y = g15y.value[u];
        const real v15z = g15z.value[u];
        const real v143 = g143.value[u];
        const real v17 = v15x * v15x + v15y * v15y + v15z * v15z;
        const real v19 = v17 + 1e-08f;
        const real v144 = m_rsqrt(v19);
        const real v145 = 0.5f * v144;
        const real v146 = v143 * v145;
        const real v147x = v15x * v146;
        const real v147y = v15y * v146;
        const real v147z = v15z * v146;
        const real v16x = g16x.value[u];
        const real v16y = g16y.value[u];
        const real v16z = g16z.value[u];
        const real v24 = g24.value[u];
        const real v129 = v24 * v125;
        const real v130x = v16x * v129;
        const real v130y = v16y * v129;
        const real v130z = v16z * v129;
        const real v148x = v147x + v130x;
        const real v148y = v147y + v130y;
        const real v148z = v147z + v130z;
        const real v149x = v148x + v147x;
        const real v149y = v148y + v147y;
        const real v149z = v148z + v147z;
        r142.value[u] = v142;
        r149x.value[u] = v149x;
        r149y.value[u] = v149y;
        r149z.value[u] = v149z;
      }
      put_group<8>(&b14[row_of(i, 8) + f], r142);
      put_group<8>(&tile[80 * kTile + t * 24 + f], r149x);
      put_group<8>(&tile[80 * kTile + t * 24 + 8 + f], r149y);
      put_group<8>(&tile[80 * kTile + t * 24 + 16 + f], r149z);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 3>(rows * 3, tile + 56 * kTile, nullptr, c42, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 3>(c43), tile + 24 * kTile);
  linear_tile<8, 8, 1, 3>(rows * 3, tile + 80 * kTile, nullptr, c43, 1.0f, nullptr, true, ring, no_steps(),
                          tile + 24 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g107x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g107y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g107z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      const Group<8> g150x = group_at<8>(&tile[24 * kTile + t * 24 + f]);
      const Group<8> g150y = group_at<8>(&tile[24 * kTile + t * 24 + 8 + f]);
      const Group<8> g150z = group_at<8>(&tile[24 * kTile + t * 24 + 16 + f]);
      Group<8> r151x;
      Group<8> r151y;
      Group<8> r151z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v107x = g107x.value[u];
        const real v107y = g107y.value[u];
        const real v107z = g107z.value[u];
        const real v150x = g150x.value[u];
        const real v150y = g150y.value[u];
        const real v150z = g150z.value[u];
        const real v151x = v107x + v150x;
        const real v151y = v107y + v150y;
        const real v151z = v107z + v150z;
        r151x.value[u] = v151x;
        r151y.value[u] = v151y;
        r151z.value[u] = v151z;
      }
      put_group<8>(&b15[row_of(i, 24) + f], r151x);
      put_group<8>(&b15[row_of(i, 24) + 8 + f], r151y);
      put_group<8>(&b15[row_of(i, 24) + 16 + f], r151z);
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_3, kMinPairBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT b14, const real* MLFF_RESTRICT b15) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    real slope[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 0;  // of tile arrays, an atom
  constexpr int kSumNumbers = 4;   // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;  // of team arrays, a pair of a batch
  constexpr int kRing = 0;         // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;

    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 13.0612245f;
        p.row = spline_interval(at, (int)64.0f);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.slope[k] = slope[k] * 13.0612245f;
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_GROUP(c, f, 8) {
          const Group<8> g3 = group_at<8>(&c2[row_of(element[i], 8) + f]);
          const Group<8> g7 = group_at<8>(&c4[row_of(element[i], 8) + f]);
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g152 = spline_sum<5, 8>(p.slope, c1 + p.row * 8 + f);
            const Group<8> g183 = group_at<8>(&b14[row_of(p.j, 8) + f]);
            const Group<8> g153 = spline_sum<5, 8>(p.slope, c3 + p.row * 8 + f);
            const Group<8> g187x = group_at<8>(&b15[row_of(p.j, 24) + f]);
            const Group<8> g187y = group_at<8>(&b15[row_of(p.j, 24) + 8 + f]);
            const Group<8> g187z = group_at<8>(&b15[row_of(p.j, 24) + 16 + f]);
            const Group<8> g6 = spline_sum<5, 8>(p.basis, c3 + p.row * 8 + f);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v3 = g3.value[u];
              const real v7 = g7.value[u];
              const real v152 = g152.value[u];
              const real v183 = g183.value[u];
              const real v184 = v152 * v183;
              const real v185 = v3 * v184;
              const real v153 = g153.value[u];
              const real v187x = g187x.value[u];
              const real v187y = g187y.value[u];
              const real v187z = g187z.value[u];
              const real v188 = p.ux * v187x + p.uy * v187y + p.uz * v187z;
              const real v189 = v153 * v188;
              const real v190 = v7 * v189;
              const real v191 = -v190;
              const real v192 = v185 + v191;
              const real v6 = g6.value[u];
              const real v196 = v6 * v7;
              const real v197x = v187x * v196;
              const real v197y = v187y * v196;
              const real v197z = v187z * v196;
              part0[e * 4 + 0] += v192;
              part0[e * 4 + 1] += v197x;
              part0[e * 4 + 2] += v197y;
              part0[e * 4 + 3] += v197z;
            }
          }
        }
        leave_sums<4>(sums, p0, part0);
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v193 = left_sum<4>(sums, e, 0);
        const real v198x = left_sum<4>(sums, e, 1);
        const real v198y = left_sum<4>(sums, e, 2);
        const real v198z = left_sum<4>(sums, e, 3);
        const real v194x = p.ux * v193;
        const real v194y = p.uy * v193;
        const real v194z = p.uz * v193;
        const real v195x = -v194x;
        const real v195y = -v194y;
        const real v195z = -v194z;
        const real v157 = m_reciprocal(p.r);
        const real v199 = p.ux * v198x + p.uy * v198y + p.uz * v198z;
        const real v200x = p.ux * v199;
        const real v200y = p.uy * v199;
        const real v200z = p.uz * v199;
        const real v201x = -v200x;
        const real v201y = -v200y;
        const real v201z = -v200z;
        const real v202x = v198x + v201x;
        const real v202y = v198y + v201y;
        const real v202z = v198z + v201z;
        const real v203x = v157 * v202x;
        const real v203y = v157 * v202y;
        const real v203z = v157 * v202z;
        const real v204x = v195x + v203x;
        const real v204y = v195y + v203y;
        const real v204z = v195z + v203z;
        pair_gradient[row_of(q, 3)] += v204x;
        pair_gradient[row_of(q, 3) + 1] += v204y;
        pair_gradient[row_of(q, 3) + 2] += v204z;
      }
    }
  }
  block_barrier();
}
